// What is done by hand: record, choose the region, render, listen.
#pragma once

#include "../core.hpp"
#include "../parameters.hpp"
#include "icon_button.hpp"
#include "look.hpp"

namespace umtn::plugin {

class ActionBar : public juce::Component {
public:
  explicit ActionBar(Parameters& parameters);

  void show(const CoreView& view, bool auto_render, bool once);
  // Only what changes all the time. `can_play`: the button is of use now.
  void show_playing(bool playing, bool can_play, bool recording);
  int height(int width) const; // two rows where it is narrow
  void resized() override;

  std::function<void()> on_render, on_several, on_play;
  std::function<void(RegionSource)> on_region_source;
  std::function<void(bool)> on_auto_render, on_once;

private:
  IconButton play_;
  juce::ToggleButton capture_{"Capture"}, once_{"Once"}, automatic_{"Render on stop"};
  juce::ComboBox region_;
  juce::TextButton render_{"Render"};
  IconButton several_;
  juce::ComboBox audition_;
  juce::ButtonParameterAttachment capture_attachment_;
  juce::ComboBoxParameterAttachment audition_attachment_;
};

} // namespace umtn::plugin
