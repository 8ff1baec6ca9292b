// A button that shows what it does, and says it to who points at it or cannot see it.
#pragma once

#include "icons.hpp"

namespace umtn::plugin {

class IconButton : public juce::Button {
public:
  // The title is its accessible name, and the tooltip's first words.
  IconButton(Icon icon, const juce::String& title, const juce::String& tooltip = {});

  void set_icon(Icon icon);
  // With what it would do now.
  void set_title(const juce::String& title, const juce::String& tooltip = {});

  static constexpr int kWidth = 30;

private:
  void paintButton(juce::Graphics& graphics, bool hovered, bool pressed) override;

  Icon icon_;
  juce::Path path_;
};

} // namespace umtn::plugin
