#include "drop_mark.hpp"

#include "grid.hpp"

namespace umtn::plugin {

void DropMark::show(double seconds, bool at_mouse, int files) {
  const auto what = files == 1 ? juce::String("this file") : juce::String(files) + " files";
  const auto text = "Translate " + what + (at_mouse ? ", from here: " : ", from the play head: ") +
                    clock_time(seconds) +
                    (at_mouse ? juce::String() : juce::String("  (Alt: from the mouse)"));
  if (isVisible() && seconds == seconds_ && text == text_)
    return;
  seconds_ = seconds;
  text_ = text;
  setVisible(true);
  repaint();
}

void DropMark::paint(juce::Graphics& graphics) {
  const auto bounds = getLocalBounds().toFloat();
  graphics.setColour(colours::background.withAlpha(0.7f));
  graphics.fillRect(bounds);
  graphics.setColour(colours::source);
  graphics.fillRect(axis_.x_of(seconds_) - 1.0f, 0.0f, 2.0f, bounds.getHeight());
  graphics.drawRoundedRectangle(bounds.reduced(1.0f), 4.0f, 2.0f);
  graphics.setColour(colours::text);
  graphics.setFont(Look::font());
  graphics.drawFittedText(text_, getLocalBounds().reduced(12), juce::Justification::centred, 2);
}

} // namespace umtn::plugin
