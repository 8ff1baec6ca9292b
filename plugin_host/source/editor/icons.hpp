// Pictures of what buttons do, drawn from lines.
#pragma once

#include <juce_gui_basics/juce_gui_basics.h>

namespace umtn::plugin {

enum class Icon {
  play,
  stop,
  hear,
  cancel,
  next_take,
  solo,
  mute,
  again,
  folder,
  bin,
  more,
  undo,
  redo,
  menu,
  dice,
  several,
  fold,
  unfold
};

// To be filled, within the square from 0 to 24.
juce::Path path_of(Icon icon);

} // namespace umtn::plugin
