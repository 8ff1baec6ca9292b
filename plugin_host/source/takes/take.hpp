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
  juce::String channels = "auto";
  float dynamics = 1.0f; // how much of the input's loud and soft is given back
  int transpose = 0;     // semitones, or kOctave
};

constexpr int kMostSemitones = 36;
constexpr int kOctave = kMostSemitones + 1; // the octaves that suit the model

// As people and the bridge say it: "octave", or a number.
juce::String transpose_text(int transpose);

struct Take {
  juce::String id; // also its job's at the bridge
  Place place;
  juce::File source; // what was recorded there, as it was sent
  juce::File result;
  RenderSettings settings;
  TakeState state = TakeState::queued;
  juce::String message; // what went wrong, in a sentence, or what it waits for
  juce::String note;    // what of the recording the model was not taught, in a sentence
  bool muted = false;

  // Of a render under way.
  float fraction = 0.0f;
  float seconds_left = -1.0f; // negative: not known

  bool under_way() const { return state == TakeState::queued || state == TakeState::running; }
};

const char* name_of(TakeState state);
std::optional<TakeState> take_state(const juce::String& name); // the other way

} // namespace umtn::plugin
