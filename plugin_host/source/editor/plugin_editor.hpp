// The plugin's window.
#pragma once

#include "../plugin_processor.hpp"
#include "action_bar.hpp"
#include "card.hpp"
#include "connection_bar.hpp"
#include "instrument_picker.hpp"
#include "newest_message.hpp"
#include "settings_panel.hpp"
#include "shortcuts.hpp"
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
  bool keyPressed(const juce::KeyPress& key) override;
  void mouseDown(const juce::MouseEvent&) override; // anywhere in it

  // Everything, as it would be with this view of the core.
  void show(const CoreView& view);
  // How large everything in it is: 1 to 2. The window grows and shrinks with it.
  void set_scale(float scale, bool resize = true);
  float scale() const { return scale_; }
  // A card over the window, or none; there is one at a time.
  void show_card(std::unique_ptr<Card> card);
  void unfold_settings(bool yes) { settings_.unfold(yes); }

private:
  void timerCallback() override;
  void show_moving();
  void show_preview();
  void restore_size();
  void connect_actions();
  void connect_take_actions();
  bool perform(Command command); // whether it was of use
  bool perform_on_take(Command command, const Take& take);
  void show_menu();
  void show_disk_use();
  void show_disk_card();
  void show_instruments();
  void ask_for_token();
  void preview(const juce::String& instrument);
  void open_audio();
  Place play_head() const;
  void hear_other();
  void render_again(const juce::String& take);
  void show_message(const CoreView& view);
  void locate_missing();
  const Take* take(const juce::String& id) const;
  void lay_out();
  void choose_file(const juce::String& title, const juce::File& start, int what,
                   std::function<void(const juce::File&)> chosen);

  PluginProcessor& processor_;
  Core& core_;
  juce::SharedResourcePointer<CommonLook> look_;
  float scale_ = 1.0f;

  juce::Component content_; // everything, at 100 %
  juce::TooltipWindow tooltips_{&content_, 600};
  ConnectionBar connection_;
  IconButton undo_, redo_, menu_;
  SettingsPanel settings_;
  TimelineView timeline_;
  ActionBar actions_;
  NewestMessage newest_;
  WrappedText message_;
  juce::TextButton locate_{"Find files..."};
  TakeListView takes_;
  std::unique_ptr<Card> card_;
  InstrumentPicker* picker_ = nullptr; // in the card, while it is shown
  juce::StringArray ticked_;
  bool disk_shown_ = false;
  juce::String disk_words_; // what that card says
  bool sized_ = false;      // by somebody, not by the constructor
  std::unique_ptr<juce::FileChooser> chooser_;

  juce::uint64 revision_ = 0;
  CoreView view_;
  int shown_target_ = 0;
};

} // namespace umtn::plugin
