#include "action_bar.hpp"

namespace umtn::plugin {

namespace {

// A box must have its items before it is attached to the parameter.
juce::ComboBox& with_items(juce::ComboBox& box, const juce::StringArray& items) {
  box.addItemList(items, 1);
  return box;
}

constexpr int kGap = 10, kRow = 30;
constexpr int kLeftWidth = 116 + 82 + 132 + 84 + 30 + 140 + 5 * kGap;
constexpr int kRightWidth = 30 + 130 + kGap;

} // namespace

ActionBar::ActionBar(Parameters& parameters)
    : play_(Icon::play, "Play"),
      several_(Icon::several, "Several instruments", "renders the region on several in one go"),
      capture_attachment_(parameters.capture, capture_),
      audition_attachment_(parameters.audition,
                           with_items(audition_, {"Hear result", "Hear source"})) {
  for (auto* control : std::initializer_list<juce::Component*>{
           &capture_, &once_, &region_, &render_, &several_, &automatic_, &play_, &audition_}) {
    addAndMakeVisible(control);
    control->setHasFocusOutline(true);
  }

  capture_.setColour(juce::ToggleButton::tickColourId, colours::recording);
  capture_.setTooltip("While it is on and the transport rolls, what comes in is recorded");
  once_.setColour(juce::ToggleButton::tickColourId, colours::recording);
  once_.setTitle("Capture once");
  once_.setTooltip("Switches Capture off after one pass in which something was recorded");
  once_.onClick = [this] {
    if (on_once)
      on_once(once_.getToggleState());
  };
  region_.addItem("Last recorded", 1);
  region_.addItem("Loop", 2);
  region_.addItem("Chosen", 3);
  region_.setTitle("Region");
  region_.setTooltip("What is translated: what was recorded last, the host's loop, or what you "
                     "chose: dragged in the timeline, or opened");
  region_.onChange = [this] {
    if (on_region_source)
      on_region_source(static_cast<RegionSource>(region_.getSelectedItemIndex()));
  };
  render_.setColour(juce::TextButton::buttonColourId, colours::result.darker(1.1f));
  render_.setTooltip("Translates the region; several may wait their turn");
  render_.onClick = [this] {
    if (on_render)
      on_render();
  };
  automatic_.setColour(juce::ToggleButton::tickColourId, colours::result);
  automatic_.setTooltip("Renders by itself when the transport stops after something new was "
                        "recorded");
  automatic_.onClick = [this] {
    if (on_auto_render)
      on_auto_render(automatic_.getToggleState());
  };
  audition_.setTitle("Audition");
  audition_.setTooltip("Hears the translation, or what was recorded, where takes are");
  several_.onClick = [this] {
    if (on_several)
      on_several();
  };
  play_.onClick = [this] {
    if (on_play)
      on_play();
  };
}

void ActionBar::show(const CoreView& view, bool auto_render, bool once) {
  once_.setToggleState(once, juce::dontSendNotification);
  region_.setSelectedItemIndex(static_cast<int>(view.region_source), juce::dontSendNotification);
  automatic_.setToggleState(auto_render, juce::dontSendNotification);
  render_.setEnabled(view.region.has_value());
  several_.setEnabled(view.region.has_value());
}

void ActionBar::show_playing(bool playing, bool can_play, bool recording) {
  play_.set_icon(playing ? Icon::stop : Icon::play);
  play_.set_title(playing ? "Stop" : "Play",
                  can_play ? "what was recorded, or its translation; the host need not play"
                           : "while the host stands still");
  play_.setEnabled(can_play);
  capture_.setButtonText(recording ? "Recording" : "Capture");
}

// Left: what is recorded and rendered. Right: what is heard.
int ActionBar::height(int width) const {
  return width < kLeftWidth + kGap + kRightWidth ? 2 * kRow + 8 : kRow;
}

void ActionBar::resized() {
  auto left = getLocalBounds().removeFromTop(kRow);
  auto right = getLocalBounds().removeFromBottom(kRow);
  if (getHeight() > kRow)
    right = right.removeFromLeft(kRightWidth);
  else
    right = right.removeFromRight(kRightWidth);
  const auto place = [&](juce::Rectangle<int>& row, juce::Component& control, int width) {
    if (!control.isVisible())
      return;
    control.setBounds(row.removeFromLeft(std::min(width, row.getWidth())));
    row.removeFromLeft(kGap);
  };
  place(left, capture_, 116);
  place(left, once_, 82);
  place(left, region_, 132);
  place(left, render_, 84);
  place(left, several_, IconButton::kWidth);
  place(left, automatic_, 140);
  place(right, play_, IconButton::kWidth);
  place(right, audition_, 130);
}

} // namespace umtn::plugin
