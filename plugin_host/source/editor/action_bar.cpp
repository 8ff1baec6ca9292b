#include "action_bar.hpp"

namespace umtn::plugin {

namespace {

// A box must have its items before it is attached to the parameter.
juce::ComboBox& with_items(juce::ComboBox& box, const juce::StringArray& items) {
  box.addItemList(items, 1);
  return box;
}

} // namespace

ActionBar::ActionBar(Parameters& parameters, bool with_transport)
    : capture_attachment_(parameters.capture, capture_),
      audition_attachment_(parameters.audition,
                           with_items(audition_, {"Hear result", "Hear source"})) {
  if (with_transport)
    addAndMakeVisible(play_);
  for (auto* control : std::initializer_list<juce::Component*>{&capture_, &region_, &render_,
                                                               &automatic_, &audition_})
    addAndMakeVisible(control);
  for (auto* control : std::initializer_list<juce::Component*>{&play_, &capture_, &region_,
                                                               &render_, &automatic_, &audition_})
    control->setHasFocusOutline(true);

  capture_.setColour(juce::ToggleButton::tickColourId, colours::recording);
  capture_.setTooltip("While it is on and the transport rolls, what comes in is recorded");
  region_.addItem("Last recorded", 1);
  region_.addItem("Loop", 2);
  region_.addItem("Dragged", 3);
  region_.setTitle("Region");
  region_.setTooltip("What is translated: what was recorded last, the host's loop, or what was "
                     "dragged in the timeline");
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
  play_.setTooltip("Starts and stops the transport");
  play_.onClick = [this] {
    if (on_play)
      on_play();
  };
}

void ActionBar::show(const CoreView& view, bool auto_render) {
  region_.setSelectedItemIndex(static_cast<int>(view.region_source), juce::dontSendNotification);
  automatic_.setToggleState(auto_render, juce::dontSendNotification);
  render_.setEnabled(view.region.has_value());
}

void ActionBar::show_transport(const Transport& transport, bool recording) {
  play_.setButtonText(transport.playing ? "Stop" : "Play");
  capture_.setButtonText(recording ? "Recording" : "Capture");
}

void ActionBar::resized() {
  auto bounds = getLocalBounds();
  const auto place = [&](juce::Component& control, int width) {
    if (!control.isVisible())
      return;
    control.setBounds(bounds.removeFromLeft(width));
    bounds.removeFromLeft(10);
  };
  place(play_, 60);
  place(capture_, 116);
  place(region_, 136);
  place(render_, 96);
  place(automatic_, 140);
  audition_.setBounds(bounds.removeFromRight(std::min(130, bounds.getWidth())));
}

} // namespace umtn::plugin
