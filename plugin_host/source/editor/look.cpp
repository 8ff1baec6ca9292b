#include "look.hpp"

namespace umtn::plugin {

namespace {

constexpr float kCorner = 4.0f;

struct Outline : juce::FocusOutline::OutlineWindowProperties {
  juce::Rectangle<int> getOutlineBounds(juce::Component& component) override {
    return component.getScreenBounds();
  }
  void drawOutline(juce::Graphics& graphics, int width, int height) override {
    graphics.setColour(colours::region.brighter(0.4f));
    graphics.drawRoundedRectangle(juce::Rectangle<int>(width, height).toFloat().reduced(1.0f),
                                  kCorner, 2.0f);
  }
};

} // namespace

// What JUCE draws by itself: choosers of files, boxes, lists.
Look::Look()
    : LookAndFeel_V4({colours::background, colours::panel, colours::panel, colours::line,
                      colours::text, colours::raised, colours::text, colours::region.darker(0.9f),
                      colours::text}) {
  using namespace juce;
  setColour(ResizableWindow::backgroundColourId, colours::background);
  setColour(Label::textColourId, colours::text);
  setColour(TextButton::buttonColourId, colours::raised);
  setColour(TextButton::buttonOnColourId, colours::region.darker(0.9f));
  setColour(TextButton::textColourOffId, colours::text);
  setColour(TextButton::textColourOnId, colours::text);
  setColour(ToggleButton::textColourId, colours::text);
  setColour(ToggleButton::tickColourId, colours::text);
  setColour(ToggleButton::tickDisabledColourId, colours::line);
  setColour(ComboBox::backgroundColourId, colours::raised);
  setColour(ComboBox::textColourId, colours::text);
  setColour(ComboBox::outlineColourId, colours::raised);
  setColour(ComboBox::focusedOutlineColourId, colours::region);
  setColour(ComboBox::arrowColourId, colours::quiet_text);
  setColour(PopupMenu::backgroundColourId, colours::panel);
  setColour(PopupMenu::textColourId, colours::text);
  setColour(PopupMenu::highlightedBackgroundColourId, colours::raised);
  setColour(PopupMenu::highlightedTextColourId, colours::text);
  setColour(Slider::backgroundColourId, colours::raised);
  setColour(Slider::trackColourId, colours::result.darker(0.4f));
  setColour(Slider::thumbColourId, colours::text);
  setColour(Slider::textBoxTextColourId, colours::text);
  setColour(Slider::textBoxBackgroundColourId, colours::panel);
  setColour(Slider::textBoxOutlineColourId, Colours::transparentBlack);
  setColour(TextEditor::backgroundColourId, colours::panel);
  setColour(TextEditor::textColourId, colours::text);
  setColour(TextEditor::highlightColourId, colours::region.darker(0.5f));
  setColour(CaretComponent::caretColourId, colours::text);
  setColour(ScrollBar::thumbColourId, colours::line);
  setColour(TooltipWindow::backgroundColourId, colours::raised);
  setColour(TooltipWindow::textColourId, colours::text);
  setColour(TooltipWindow::outlineColourId, colours::line);
}

void Look::drawButtonBackground(juce::Graphics& graphics, juce::Button& button, const juce::Colour&,
                                bool hovered, bool pressed) {
  auto colour = button.findColour(button.getToggleState() ? juce::TextButton::buttonOnColourId
                                                          : juce::TextButton::buttonColourId);
  if (hovered || pressed)
    colour = colour.brighter(pressed ? 0.25f : 0.1f);
  graphics.setColour(colour.withMultipliedAlpha(button.isEnabled() ? 1.0f : 0.5f));
  graphics.fillRoundedRectangle(button.getLocalBounds().toFloat().reduced(0.5f), kCorner);
}

// A switch: a knob that lies left or right.
void Look::drawToggleButton(juce::Graphics& graphics, juce::ToggleButton& button, bool hovered,
                            bool) {
  auto bounds = button.getLocalBounds().toFloat().reduced(2.0f, 0.0f);
  auto track = bounds.removeFromLeft(32.0f).withSizeKeepingCentre(32.0f, 18.0f);
  const bool on = button.getToggleState();
  auto colour = on ? button.findColour(juce::ToggleButton::tickColourId).darker(0.3f)
                   : colours::raised.brighter(0.1f);
  graphics.setColour(hovered ? colour.brighter(0.1f) : colour);
  graphics.fillRoundedRectangle(track, 9.0f);
  graphics.setColour(colours::text);
  graphics.fillEllipse(
      (on ? track.removeFromRight(18.0f) : track.removeFromLeft(18.0f)).reduced(3.0f));
  graphics.setFont(font());
  graphics.setColour(button.findColour(juce::ToggleButton::textColourId)
                         .withMultipliedAlpha(button.isEnabled() ? 1.0f : 0.5f));
  graphics.drawFittedText(button.getButtonText(), bounds.withTrimmedLeft(8.0f).toNearestInt(),
                          juce::Justification::centredLeft, 1);
}

juce::Font Look::getTextButtonFont(juce::TextButton&, int) {
  return font();
}

std::unique_ptr<juce::FocusOutline> Look::createFocusOutlineForComponent(juce::Component&) {
  return std::make_unique<juce::FocusOutline>(std::make_unique<Outline>());
}

} // namespace umtn::plugin
