#include "wrapped_text.hpp"

namespace umtn::plugin {

void WrappedText::set(const juce::String& text, juce::Colour colour) {
  if (text == text_ && colour == colour_)
    return;
  text_ = text;
  colour_ = colour;
  setTitle(text);
  repaint();
}

juce::TextLayout WrappedText::layout(int width) const {
  juce::AttributedString words;
  words.append(text_, Look::font(), colour_);
  juce::TextLayout layout;
  layout.createLayout(words, static_cast<float>(std::max(40, width)));
  return layout;
}

int WrappedText::height(int width) const {
  return std::max(20, static_cast<int>(std::ceil(layout(width).getHeight())) + 4);
}

bool WrappedText::fits_one_line(int width) const {
  return layout(width).getNumLines() <= 1;
}

void WrappedText::paint(juce::Graphics& graphics) {
  const auto lines = layout(getWidth());
  auto area = getLocalBounds().toFloat();
  if (lines.getHeight() < area.getHeight())
    area = area.withSizeKeepingCentre(area.getWidth(), lines.getHeight());
  lines.draw(graphics, area);
}

std::unique_ptr<juce::AccessibilityHandler> WrappedText::createAccessibilityHandler() {
  return std::make_unique<juce::AccessibilityHandler>(*this, juce::AccessibilityRole::staticText);
}

} // namespace umtn::plugin
