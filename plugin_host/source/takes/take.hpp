// One translation of one place.
#pragma once

#include "../timeline/range.hpp"

#include <juce_core/juce_core.h>
#include <optional>

namespace umtn::plugin {

enum class TakeState { queued, running, done, failed, cancelled };

// How the next take is to be made.
struct RenderSettings {
  juce::String model = "default";
  juce::String target;
  int seed = 0;
  float temperature = 0.0f; // 0: the model's own
};

struct Take {
  juce::String id; // also its job's at the bridge
  Place place;
  juce::File source; // what was recorded there, as it was sent
  juce::File result;
  RenderSettings settings;
  TakeState state = TakeState::queued;
  juce::String message; // what went wrong, in a sentence, or what it waits for
  bool muted = false;

  // Of a render under way.
  float fraction = 0.0f;
  float seconds_left = -1.0f; // negative: not known

  bool under_way() const { return state == TakeState::queued || state == TakeState::running; }
};

const char* name_of(TakeState state);
std::optional<TakeState> take_state(const juce::String& name); // the other way

} // namespace umtn::plugin
