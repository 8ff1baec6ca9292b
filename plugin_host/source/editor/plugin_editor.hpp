// The plugin's window.
#pragma once

#include "../plugin_processor.hpp"
#include "action_bar.hpp"
#include "connection_bar.hpp"
#include "settings_panel.hpp"
#include "take_list_view.hpp"
#include "timeline_view.hpp"

namespace umtn::plugin {

// Looks at the core many times a second, and asks it; knows nothing else of it.
class PluginEditor : public juce::AudioProcessorEditor, private juce::Timer {
public:
  explicit PluginEditor(PluginProcessor& owner);
  ~PluginEditor() override;

  void paint(juce::Graphics& graphics) override;
  void resized() override;

  // Everything, as it would be with this view of the core.
  void show(const CoreView& view);

private:
  void timerCallback() override;
  void connect_actions();
  void render_again(const juce::String& take);
  void show_message(const CoreView& view);
  void locate_missing();

  PluginProcessor& processor_;
  Core& core_;
  Look look_;
  juce::TooltipWindow tooltips_{this, 600};

  ConnectionBar connection_;
  SettingsPanel settings_;
  TimelineView timeline_;
  ActionBar actions_;
  juce::Label message_;
  juce::TextButton locate_{"Find files..."};
  TakeListView takes_;
  std::unique_ptr<juce::FileChooser> chooser_;

  juce::uint64 revision_ = 0;
  CoreView view_;
  int shown_target_ = 0;
};

} // namespace umtn::plugin
