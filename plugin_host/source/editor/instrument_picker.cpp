#include "instrument_picker.hpp"

namespace umtn::plugin {
namespace {
constexpr int kRow = 34;
}

void show_on_button(IconButton& button, const Preview& preview, const juce::String& instrument) {
  const bool busy = preview.target == instrument && (preview.state == Preview::State::making ||
                                                     preview.state == Preview::State::playing);
  button.set_icon(busy ? Icon::stop : Icon::hear);
  button.set_title(busy ? "Stop the preview of " + instrument : "Preview " + instrument,
                   busy ? juce::String() : "plays a short phrase on it");
}

InstrumentPicker::InstrumentPicker(const juce::StringArray& instruments,
                                   const juce::StringArray& ticked) {
  for (const auto& instrument : instruments) {
    rows_.push_back(std::make_unique<Row>());
    auto& row = *rows_.back();
    row.tick.setButtonText(instrument);
    row.tick.setToggleState(ticked.contains(instrument), juce::dontSendNotification);
    row.tick.setColour(juce::ToggleButton::tickColourId, colours::result);
    row.tick.setHasFocusOutline(true);
    row.tick.onClick = [this] {
      if (on_tick)
        on_tick();
    };
    row.preview.onClick = [this, instrument] {
      if (on_preview)
        on_preview(instrument);
    };
    row.state.setColour(juce::Label::textColourId, colours::quiet_text);
    row.state.setMinimumHorizontalScale(1.0f);
    addAndMakeVisible(row.tick);
    addAndMakeVisible(row.preview);
    addAndMakeVisible(row.state);
  }
  show({});
  setSize(0, kRow * static_cast<int>(rows_.size()));
}

juce::StringArray InstrumentPicker::ticked() const {
  juce::StringArray names;
  for (const auto& row : rows_)
    if (row->tick.getToggleState())
      names.add(row->tick.getButtonText());
  return names;
}

void InstrumentPicker::show(const Preview& preview) {
  for (const auto& row : rows_) {
    const auto name = row->tick.getButtonText();
    show_on_button(row->preview, preview, name);
    const bool its = preview.target == name;
    row->state.setText(!its                                      ? juce::String()
                       : preview.state == Preview::State::making ? "Making the preview..."
                       : preview.state == Preview::State::failed ? preview.message
                                                                 : juce::String(),
                       juce::dontSendNotification);
    row->state.setTooltip(row->state.getText());
  }
}

void InstrumentPicker::resized() {
  auto bounds = getLocalBounds();
  for (const auto& row : rows_) {
    auto line = bounds.removeFromTop(kRow).reduced(0, 2);
    row->tick.setBounds(line.removeFromLeft(std::max(130, line.getWidth() / 3)));
    row->preview.setBounds(line.removeFromLeft(IconButton::kWidth));
    row->state.setBounds(line.withTrimmedLeft(6));
  }
}

} // namespace umtn::plugin
