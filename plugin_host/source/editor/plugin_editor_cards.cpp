// The window's menu, and the cards that it opens.
#include "cards.hpp"
#include "plugin_editor.hpp"
#include "token_box.hpp"

namespace umtn::plugin {

void PluginEditor::show_menu() {
  // A menu calls a little later than it was pressed, when the window may be gone.
  const auto safely = [this](std::function<void()> does) {
    return [self = SafePointer<PluginEditor>(this), does = std::move(does)] {
      if (self != nullptr)
        does();
    };
  };
  juce::PopupMenu menu, sizes;
  const auto add = [&](const juce::String& text, std::function<void()> does,
                       std::optional<Command> command = std::nullopt, bool enabled = true) {
    juce::PopupMenu::Item item(text);
    item.setEnabled(enabled).setAction(safely(std::move(does)));
    if (command)
      item.shortcutKeyDescription = key_of(*command);
    menu.addItem(std::move(item));
  };
  for (const int percent : {100, 125, 150, 175, 200})
    sizes.addItem(juce::String(percent) + " %", true, juce::roundToInt(100.0f * scale_) == percent,
                  safely([this, percent] { set_scale(static_cast<float>(percent) / 100.0f); }));
  add("Open audio file...", [this] { open_audio(); }, Command::open_audio);
  menu.addSeparator();
  add(undo_.getTooltip(), [this] { core_.undo(); }, Command::undo, view_.undo.isNotEmpty());
  add(redo_.getTooltip(), [this] { core_.redo(); }, Command::redo, view_.redo.isNotEmpty());
  menu.addSeparator();
  add(
      "Show session folder", [folder = view_.session_folder] { folder.revealToUser(); },
      std::nullopt, view_.session_folder.isDirectory());
  add("Choose session folder...", [this] {
    choose_file("Where shall new recordings and takes lie?", view_.session_folder,
                juce::FileBrowserComponent::canSelectDirectories,
                [this](const juce::File& folder) { core_.set_session_folder(folder); });
  });
  add("Disk use...", [this] { show_disk_use(); });
  menu.addSeparator();
  menu.addSubMenu("Size", sizes);
  add("Help", [this] { perform(Command::help); }, Command::help);
  add("About umtn", [this] { show_card(std::make_unique<Card>(about_card(view_.connection))); });
  menu.showMenuAsync(
      juce::PopupMenu::Options().withTargetComponent(menu_).withDeletionCheck(*this));
}

void PluginEditor::show_disk_use() {
  disk_words_.clear();
  view_.disk.reset();
  show_disk_card();
  core_.measure_disk();
}

void PluginEditor::show_disk_card() {
  auto content = disk_card(view_, [this] { core_.clean_up(); });
  juce::String words;
  for (const auto& line : content.lines)
    words << line.left << line.right << "\n";
  if (disk_shown_ && words == disk_words_)
    return;
  show_card(std::make_unique<Card>(std::move(content)));
  disk_words_ = words;
  disk_shown_ = true;
}

void PluginEditor::show_instruments() {
  const auto instruments = settings_.instruments();
  if (instruments.isEmpty())
    return show_card(std::make_unique<Card>(
        Card::Content{"Several instruments",
                      {{"Which there are is known once the bridge is connected.", {}}},
                      {}}));
  auto picker = std::make_unique<InstrumentPicker>(instruments, ticked_);
  auto* const shown = picker.get();
  picker->on_tick = [this, shown] { ticked_ = shown->ticked(); };
  picker->on_preview = [this](const auto& instrument) { preview(instrument); };
  const auto render = [this] {
    const auto chosen = ticked_;
    show_card(nullptr);
    if (!chosen.isEmpty())
      core_.render(chosen);
  };
  show_card(std::make_unique<Card>("Several instruments", std::move(picker),
                                   std::vector<Card::Button>{{"Render on these", render}}));
  picker_ = shown;
}

void PluginEditor::ask_for_token() {
  auto box = std::make_unique<TokenBox>();
  auto* const shown = box.get();
  const auto enter = [this, shown] {
    const auto token = shown->token();
    show_card(nullptr);
    if (token.isNotEmpty())
      core_.set_token(token);
  };
  box->on_return = enter;
  box->on_escape = [this] { show_card(nullptr); };
  show_card(std::make_unique<Card>("The bridge's token", std::move(box),
                                   std::vector<Card::Button>{{"OK", enter}}));
  shown->begin();
}

} // namespace umtn::plugin
