// Colours, and how controls look.
#pragma once

#include <juce_gui_basics/juce_gui_basics.h>

namespace umtn::plugin {

namespace colours {
// Text on any of these backgrounds has a contrast of at least 4.5 to 1.
const juce::Colour background{0xff1d2126};
const juce::Colour panel{0xff272c33};
const juce::Colour raised{0xff353c45};
const juce::Colour line{0xff5a646f};
const juce::Colour text{0xfff0f2f4};
const juce::Colour quiet_text{0xffa9b3bd};
const juce::Colour source{0xffd9b36c};
const juce::Colour result{0xff5cc4b4};
const juce::Colour region{0xff7aa2e0};
const juce::Colour trouble{0xffff8a75};
const juce::Colour recording{0xffe8604c};
} // namespace colours

class Look : public juce::LookAndFeel_V4 {
public:
  Look();

  void drawButtonBackground(juce::Graphics& graphics, juce::Button& button, const juce::Colour&,
                            bool hovered, bool pressed) override;
  void drawToggleButton(juce::Graphics& graphics, juce::ToggleButton& button, bool hovered,
                        bool pressed) override;
  juce::Font getTextButtonFont(juce::TextButton&, int height) override;
  juce::Font getComboBoxFont(juce::ComboBox&) override { return font(); }
  juce::Font getPopupMenuFont() override { return font(); }
  juce::Font getLabelFont(juce::Label& label) override { return label.getFont(); }
  std::unique_ptr<juce::FocusOutline>
  createFocusOutlineForComponent(juce::Component& component) override;

  static juce::Font font(float height = 15.0f) { return juce::Font(height); }
};

// One for all windows, and for what they open beside themselves: menus and choosers of files.
struct CommonLook {
  CommonLook() { juce::LookAndFeel::setDefaultLookAndFeel(&look); }
  ~CommonLook() { juce::LookAndFeel::setDefaultLookAndFeel(nullptr); }
  Look look;
};

} // namespace umtn::plugin
