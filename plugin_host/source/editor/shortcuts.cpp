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

juce::String with_command(const char* key) {
#if JUCE_MAC
  return juce::String("Cmd ") + key;
#else
  return juce::String("Ctrl ") + key;
#endif
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

std::vector<KeyHelp> key_help() {
  return {
      {"Space", "plays and stops inside the plugin, while the host stands still"},
      {"A", "hears what was recorded, or the translation"},
      {"B", "hears the next take of the same place"},
      {"R", "renders the region"},
      {"Up, Down", "chooses a take"},
      {"F2", "renames it; so does a double click"},
      {"Delete", "takes it off the list"},
      {"S, M", "solo and mute it"},
      {with_command("Z"), "undoes; with Shift it does it again"},
      {with_command("O"), "opens an audio file at the play head"},
      {with_command("+ and -"), "makes everything larger or smaller"},
      {"F1", "shows this"},
      {"Tab", "goes from control to control; Return presses"},
      {"In the timeline", ""},
      {"Left, Right", "moves the region; with Shift its end"},
      {"+ and -", "zooms; Home shows everything, Z the region"},
      {"N, F", "drags snap to beats; what is seen follows the play head"},
  };
}

} // namespace umtn::plugin
