// Words that take as many lines as they need.
#pragma once

#include "look.hpp"

namespace umtn::plugin {

class WrappedText : public juce::Component, public juce::SettableTooltipClient {
public:
  explicit WrappedText(juce::Colour colour = colours::text) : colour_(colour) {}

  // They are its accessible name as well.
  void set(const juce::String& text, juce::Colour colour);
  void set(const juce::String& text) { set(text, colour_); }
  const juce::String& text() const { return text_; }
  // What they need where they are so broad.
  int height(int width) const;
  bool fits_one_line(int width) const;

  void paint(juce::Graphics& graphics) override;
  std::unique_ptr<juce::AccessibilityHandler> createAccessibilityHandler() override;

private:
  juce::TextLayout layout(int width) const;

  juce::String text_;
  juce::Colour colour_;
};

} // namespace umtn::plugin
