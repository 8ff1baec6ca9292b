// All instruments of a model, with a tick each, and a button that plays how it sounds.
#pragma once

#include "../core.hpp"
#include "icon_button.hpp"
#include "look.hpp"

#include <functional>

namespace umtn::plugin {

class InstrumentPicker : public juce::Component {
public:
  InstrumentPicker(const juce::StringArray& instruments, const juce::StringArray& ticked);

  juce::StringArray ticked() const;
  // What becomes of a preview that was asked for.
  void show(const Preview& preview);
  void resized() override;

  std::function<void(const juce::String& instrument)> on_preview;
  std::function<void()> on_tick;

private:
  struct Row {
    juce::ToggleButton tick;
    IconButton preview{Icon::hear, {}};
    juce::Label state;
  };
  std::vector<std::unique_ptr<Row>> rows_;
};

// For the button that asks for a preview, whose it is.
void show_on_button(IconButton& button, const Preview& preview, const juce::String& instrument);

} // namespace umtn::plugin
