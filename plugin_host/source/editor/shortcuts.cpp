#include "shortcuts.hpp"

namespace umtn::plugin {
namespace {

using juce::KeyPress;
using juce::ModifierKeys;

constexpr int kCommand = ModifierKeys::commandModifier;
constexpr int kShift = ModifierKeys::shiftModifier;

struct Shortcut {
  Command command;
  KeyPress key;
};

const std::vector<Shortcut>& shortcuts() {
  static const std::vector<Shortcut> all = {
      {Command::play, {KeyPress::spaceKey, 0, 0}},
      {Command::hear_other, {'a', 0, 0}},
      {Command::next_take, {'b', 0, 0}},
      {Command::render, {'r', 0, 0}},
      {Command::remove, {KeyPress::deleteKey, 0, 0}},
      {Command::remove, {KeyPress::backspaceKey, 0, 0}},
      {Command::rename, {KeyPress::F2Key, 0, 0}},
      {Command::solo, {'s', 0, 0}},
      {Command::mute, {'m', 0, 0}},
      {Command::up, {KeyPress::upKey, 0, 0}},
      {Command::down, {KeyPress::downKey, 0, 0}},
      {Command::undo, {'z', kCommand, 0}},
      {Command::redo, {'z', kCommand | kShift, 0}},
      {Command::redo, {'y', kCommand, 0}},
      {Command::open_audio, {'o', kCommand, 0}},
      {Command::larger, {'+', kCommand, 0}},
      {Command::larger, {'+', kCommand | kShift, 0}},
      {Command::larger, {'=', kCommand, 0}},
      {Command::smaller, {'-', kCommand, 0}},
      {Command::help, {KeyPress::F1Key, 0, 0}},
      {Command::help, {'?', 0, '?'}},
      {Command::help, {'?', kShift, '?'}},
  };
  return all;
}

// Letters are the same whether the screen or the host wrote them large.
int plain(int code) {
  return code > 0 && code < 128 ? static_cast<int>(juce::CharacterFunctions::toLowerCase(
                                      static_cast<juce::juce_wchar>(code)))
                                : code;
}

juce::String name_of(const KeyPress& key) {
#if JUCE_MAC
  const juce::String command = "Cmd ";
#else
  const juce::String command = "Ctrl ";
#endif
  const int code = key.getKeyCode();
  juce::String name;
  if (key.getModifiers().isCommandDown())
    name << command;
  if (key.getModifiers().isShiftDown() &&
      juce::CharacterFunctions::isLetter(static_cast<juce::juce_wchar>(code)))
    name << "Shift ";
  const std::pair<int, const char*> named[] = {{KeyPress::spaceKey, "Space"},
                                               {KeyPress::deleteKey, "Delete"},
                                               {KeyPress::backspaceKey, "Backspace"},
                                               {KeyPress::F1Key, "F1"},
                                               {KeyPress::F2Key, "F2"},
                                               {KeyPress::upKey, "Up"},
                                               {KeyPress::downKey, "Down"}};
  for (const auto& [known, word] : named)
    if (code == known)
      return name + word;
  return name + juce::String::charToString(static_cast<juce::juce_wchar>(code)).toUpperCase();
}

// All that ask for one of these, the usual ones first.
juce::String keys_of(std::initializer_list<Command> commands) {
  juce::StringArray names;
  for (const auto command : commands)
    for (const auto& shortcut : shortcuts())
      if (shortcut.command == command)
        names.addIfNotAlreadyThere(name_of(shortcut.key));
  return names.joinIntoString(", ");
}

} // namespace

std::optional<Command> command_of(const juce::KeyPress& key) {
  const auto modifiers = key.getModifiers().withoutMouseButtons().getRawFlags();
  for (const auto& shortcut : shortcuts())
    if (plain(key.getKeyCode()) == plain(shortcut.key.getKeyCode()) &&
        modifiers == shortcut.key.getModifiers().getRawFlags())
      return shortcut.command;
  return std::nullopt;
}

juce::String key_of(Command command) {
  return keys_of({command}).upToFirstOccurrenceOf(", ", false, false);
}

std::vector<KeyHelp> key_help() {
  return {
      {keys_of({Command::play}), "plays and stops inside the plugin, while the host stands still"},
      {keys_of({Command::hear_other}), "hears what was recorded, or the translation"},
      {keys_of({Command::next_take}), "hears the next take of the same place"},
      {keys_of({Command::render}), "renders the region"},
      {keys_of({Command::up, Command::down}), "chooses a take"},
      {keys_of({Command::rename}), "renames it; so does a double click"},
      {keys_of({Command::remove}), "takes it off the list"},
      {keys_of({Command::solo, Command::mute}), "solo and mute it"},
      {keys_of({Command::undo}), "undoes"},
      {keys_of({Command::redo}), "does again what was undone"},
      {keys_of({Command::open_audio}), "opens an audio file at the play head"},
      {keys_of({Command::larger, Command::smaller}), "makes everything larger or smaller"},
      {keys_of({Command::help}), "shows this"},
      {"Tab", "goes from control to control; Return presses"},
      {"In the timeline", ""},
      {"Left, Right", "moves the region; with Shift its end"},
      {"+ and -", "zooms; Home shows everything, Z the region"},
      {"N, F", "drags snap to beats; what is seen follows the play head"},
  };
}

} // namespace umtn::plugin
