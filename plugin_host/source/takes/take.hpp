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

  bool operator==(const RenderSettings& other) const {
    return model == other.model && target == other.target && seed == other.seed &&
           temperature == other.temperature && channels == other.channels &&
           dynamics == other.dynamics && transpose == other.transpose;
  }
};

constexpr int kMostSemitones = 36;
constexpr int kOctave = kMostSemitones + 1; // the octaves that suit the model

constexpr int kSeeds = 10000;     // 0 to 9999: what a person can choose
constexpr int kLongestName = 120; // letters of a take's

// As people and the bridge say it: "octave", or a number.
juce::String transpose_text(int transpose);

struct Take {
  juce::String id; // also its job's at the bridge
  Place place;
  juce::File source; // what was recorded there, as it was sent
  juce::File result;
  RenderSettings settings;
  TakeState state = TakeState::queued;
  juce::String message;   // what went wrong, in a sentence, or what it waits for
  juce::String note;      // what of the recording the model was not taught, in a sentence
  juce::String offer;     // the transposition that the bridge offers: "octave", "12", or empty
  juce::String name;      // what it is called, where somebody named it
  juce::String recording; // tells what was recorded there from what was recorded there later
  bool muted = false;

  // Of a render under way.
  float fraction = 0.0f;
  float seconds_left = -1.0f; // negative: not known

  bool under_way() const { return state == TakeState::queued || state == TakeState::running; }
};

const char* name_of(TakeState state);
std::optional<TakeState> take_state(const juce::String& name); // the other way

} // namespace umtn::plugin
