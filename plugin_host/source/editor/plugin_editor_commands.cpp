// What keys, buttons and menus of the window ask the core for.
#include "cards.hpp"
#include "plugin_editor.hpp"

namespace umtn::plugin {

void PluginEditor::connect_actions() {
  connection_.on_start_bridge = [this] { core_.start_bridge(); };
  connection_.on_token = [this] { ask_for_token(); };
  connection_.on_log = [this](const juce::File& log) {
    show_card(std::make_unique<Card>(log_card(log)));
  };
  settings_.on_fold = [this] { lay_out(); };
  timeline_.on_import = [this](const std::vector<juce::File>& files, Place start) {
    core_.import_audio(files, start);
  };
  timeline_.on_region = [this](Place place) { core_.region().drag(place); };
  if (auto* const transport = processor_.own_transport())
    timeline_.on_locate = [transport](Sample position) { transport->locate(position); };
  else
    timeline_.on_listen_locate = [this](double seconds) { core_.listen().locate(seconds); };
  actions_.on_render = [this] { perform(Command::render); };
  actions_.on_play = [this] { perform(Command::play); };
  actions_.on_region_source = [this](RegionSource source) { core_.region().choose(source); };
  actions_.on_auto_render = [this](bool on) { processor_.set_auto_render(on); };
  locate_.onClick = [this] { locate_missing(); };
  undo_.onClick = [this] { core_.undo(); };
  redo_.onClick = [this] { core_.redo(); };
  menu_.onClick = [this] { show_menu(); };
  settings_.on_preview = [this](const auto& instrument) { preview(instrument); };
  actions_.on_several = [this] { show_instruments(); };
  actions_.on_once = [this](bool on) { processor_.set_capture_once(on); };
}

void PluginEditor::connect_take_actions() {
  auto& actions = takes_.actions;
  actions.choose = [this](const auto& id) { takes_.choose(id); };
  actions.cancel = [this](const auto& id) { core_.cancel(id); };
  actions.remove = [this](const auto& id) { core_.remove(id); };
  actions.next_rival = [this](const auto& id) { core_.next_rival(id); };
  actions.again = [this](const auto& id) { core_.render_again(id, processor_.render_settings()); };
  actions.again_as_offered = [this](const auto& id) {
    if (const Take* const old = take(id)) {
      auto settings = old->settings;
      settings.transpose =
          old->offer == transpose_text(kOctave)
              ? kOctave
              : juce::jlimit(-kMostSemitones, kMostSemitones, old->offer.getIntValue());
      core_.render_again(id, settings);
    }
  };
  actions.rename = [this](const auto& id, const auto& name) { core_.rename(id, name); };
  actions.solo = [this](const auto& id) { core_.solo(view_.soloed == id ? juce::String() : id); };
  actions.mute = [this](const auto& id) {
    if (const Take* const chosen = take(id))
      core_.mute(id, !chosen->muted);
  };
  actions.reveal = [this](const auto& id) {
    if (const Take* const chosen = take(id))
      chosen->result.revealToUser();
  };
}

const Take* PluginEditor::take(const juce::String& id) const {
  for (const Take& take : view_.takes)
    if (take.id == id)
      return &take;
  return nullptr;
}

bool PluginEditor::keyPressed(const juce::KeyPress& key) {
  if (card_ != nullptr)
    return false; // what lies under it is not asked
  const auto command = command_of(key);
  return command && perform(*command);
}

void PluginEditor::mouseDown(const juce::MouseEvent&) {
  newest_.go_on();
}

bool PluginEditor::perform(Command command) {
  newest_.go_on();
  switch (command) {
  case Command::play:
    if (auto* const transport = processor_.own_transport()) {
      transport->playing() ? transport->stop() : transport->play();
      return true;
    }
    if (view_.transport.playing)
      return false; // the host's key then
    core_.listen().playing() ? core_.listen().stop() : core_.listen().play();
    return true;
  case Command::hear_other:
    hear_other();
    return true;
  case Command::render:
    if (view_.region)
      core_.render();
    return view_.region.has_value();
  case Command::up:
    return takes_.choose_next(-1);
  case Command::down:
    return takes_.choose_next(1);
  case Command::larger:
    set_scale(scale_ + 0.25f);
    return true;
  case Command::smaller:
    set_scale(scale_ - 0.25f);
    return true;
  case Command::help:
    show_card(std::make_unique<Card>(help_card()));
    return true;
  case Command::undo:
    core_.undo();
    return view_.undo.isNotEmpty(); // else the host has something to undo
  case Command::redo:
    core_.redo();
    return view_.redo.isNotEmpty();
  case Command::open_audio:
    open_audio();
    return true;
  case Command::next_take:
  case Command::remove:
  case Command::rename:
  case Command::solo:
  case Command::mute:
    break;
  }
  const Take* const chosen = take(takes_.chosen());
  return chosen != nullptr && perform_on_take(command, *chosen);
}

bool PluginEditor::perform_on_take(Command command, const Take& take) {
  const auto& actions = takes_.actions;
  const bool done = take.state == TakeState::done;
  if (command == Command::remove && take.under_way())
    actions.cancel(take.id);
  else if (command == Command::remove)
    actions.remove(take.id);
  else if (command == Command::rename)
    takes_.rename_chosen();
  else if (command == Command::next_take && done)
    actions.next_rival(take.id);
  else if (command == Command::solo && done)
    actions.solo(take.id);
  else if (command == Command::mute && done)
    actions.mute(take.id);
  else
    return false;
  return true;
}

void PluginEditor::hear_other() {
  auto& audition = processor_.parameters().audition;
  audition.beginChangeGesture();
  audition = audition.getIndex() == 0 ? 1 : 0;
  audition.endChangeGesture();
}

void PluginEditor::preview(const juce::String& instrument) {
  const auto& shown = view_.preview;
  const bool busy = shown.state == Preview::State::making || shown.state == Preview::State::playing;
  if (busy && shown.target == instrument)
    core_.listen().stop();
  else {
    core_.request_preview(settings_.model(), instrument);
    view_.preview = {settings_.model(), instrument, Preview::State::making, {}};
    newest_.expect(NewestMessage::News::preview);
  }
}

Place PluginEditor::play_head() const {
  const auto& transport = view_.transport;
  const double rate = transport.rate > 0.0 ? transport.rate : 48000.0;
  Sample at = 0;
  if (core_.listen().placed())
    at = std::llround(core_.listen().position() * rate);
  else if (transport.has_position)
    at = std::max<Sample>(0, transport.position);
  return {{at, at}, rate};
}

void PluginEditor::open_audio() {
  choose_file("Open audio file", juce::File::getSpecialLocation(juce::File::userMusicDirectory),
              juce::FileBrowserComponent::canSelectFiles,
              [this](const juce::File& file) { core_.import_audio({file}, play_head()); });
}

void PluginEditor::choose_file(const juce::String& title, const juce::File& start, int what,
                               std::function<void(const juce::File&)> chosen) {
  chooser_ = std::make_unique<juce::FileChooser>(title, start);
  chooser_->launchAsync(juce::FileBrowserComponent::openMode | what,
                        [chosen = std::move(chosen)](const juce::FileChooser& chooser) {
                          if (chooser.getResult() != juce::File())
                            chosen(chooser.getResult());
                        });
}

void PluginEditor::locate_missing() {
  choose_file("Where are this project's takes now?", view_.session_folder.getParentDirectory(),
              juce::FileBrowserComponent::canSelectDirectories,
              [this](const juce::File& folder) { core_.locate(folder); });
}

} // namespace umtn::plugin
