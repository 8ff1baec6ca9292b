// Which key asks for what, anywhere in the window. The timeline's own keys are beside them in the
// list that people read.
#pragma once

#include <juce_gui_basics/juce_gui_basics.h>
#include <optional>
#include <vector>

namespace umtn::plugin {

enum class Command {
  play,
  hear_other,
  next_take,
  render,
  remove,
  rename,
  solo,
  mute,
  up,
  down,
  undo,
  redo,
  open_audio,
  larger,
  smaller,
  help
};

// None: the key is the host's.
std::optional<Command> command_of(const juce::KeyPress& key);

// The first of its keys, as menus name it.
juce::String key_of(Command command);

struct KeyHelp {
  juce::String keys, does;
};
std::vector<KeyHelp> key_help();

} // namespace umtn::plugin
