// What keys, buttons and menus of the window ask the core for.
#include "cards.hpp"
#include "plugin_editor.hpp"

namespace umtn::plugin {

void PluginEditor::connect_actions() {
  connection_.on_start_bridge = [this] { core_.start_bridge(); };
  connection_.on_token = [this](const juce::String& token) { core_.set_token(token); };
  connection_.on_log = [this](const juce::File& log) {
    show_card(std::make_unique<Card>(log_card(log)));
  };
  settings_.on_fold = [this] { lay_out(); };
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
  menu_.onClick = [this] { show_menu(); };
}

void PluginEditor::connect_take_actions() {
  auto& actions = takes_.actions;
  actions.choose = [this](const auto& id) { takes_.choose(id); };
  actions.cancel = [this](const auto& id) { core_.cancel(id); };
  actions.remove = [this](const auto& id) { core_.remove(id); };
  actions.next_rival = [this](const auto& id) { core_.next_rival(id); };
  actions.again = [this](const auto& id) { render_again(id); };
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

bool PluginEditor::perform(Command command) {
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
  case Command::redo:
  case Command::open_audio:
    return false;
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

void PluginEditor::render_again(const juce::String& id) {
  auto& seed = processor_.parameters().seed;
  if (const Take* const old = take(id);
      old != nullptr && old->settings.seed == seed.get() && old->state == TakeState::done) {
    seed.beginChangeGesture(); // the same seed would give the same sound
    seed = (seed.get() + 1) % 10000;
    seed.endChangeGesture();
  }
  core_.render_again(id, processor_.render_settings());
}

void PluginEditor::show_menu() {
  juce::PopupMenu menu, sizes;
  for (const int percent : {100, 125, 150, 175, 200})
    sizes.addItem(juce::String(percent) + " %", true, juce::roundToInt(100.0f * scale_) == percent,
                  [this, percent] { set_scale(static_cast<float>(percent) / 100.0f); });
  menu.addItem("Show session folder", view_.session_folder.isDirectory(), false,
               [folder = view_.session_folder] { folder.revealToUser(); });
  menu.addItem("Choose session folder...", [this] {
    choose_file("Where shall new recordings and takes lie?", view_.session_folder,
                juce::FileBrowserComponent::canSelectDirectories,
                [this](const juce::File& folder) { core_.set_session_folder(folder); });
  });
  menu.addSeparator();
  menu.addSubMenu("Size", sizes);
  menu.addItem("Help", [this] { perform(Command::help); });
  menu.addItem("About umtn",
               [this] { show_card(std::make_unique<Card>(about_card(view_.connection))); });
  menu.showMenuAsync(juce::PopupMenu::Options().withTargetComponent(menu_));
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
