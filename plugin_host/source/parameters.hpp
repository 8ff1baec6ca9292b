// What a host can automate.
#pragma once

#include "player/player.hpp"
#include "takes/take.hpp"

#include <juce_audio_processors/juce_audio_processors.h>
#include <map>
#include <vector>

namespace umtn::plugin {

// Their ids, and the order that LV2 numbers its ports by, are in saved sessions: neither changes.
struct Parameters {
  explicit Parameters(juce::AudioProcessor& processor);

  juce::AudioParameterBool& capture; // armed: records the input while the transport rolls
  juce::AudioParameterInt& target;   // which of the model's instruments
  juce::AudioParameterFloat& mix;    // 0: the input, 1: the translation
  juce::AudioParameterChoice& audition;
  juce::AudioParameterFloat& temperature; // 0: the model's own
  juce::AudioParameterInt& seed;
  juce::AudioParameterBool& render; // turned on: renders the region
  juce::AudioParameterBool& bypass;
  juce::AudioParameterChoice& channels; // what becomes of several
  juce::AudioParameterFloat& dynamics;  // 1: as loud and soft as the input
  juce::AudioParameterInt& transpose;   // semitones, or kOctave

  PlayControls play_controls(bool bypassed) const noexcept UMTN_REALTIME;

  // By id, in the units that people see.
  std::map<juce::String, float> values() const;
  // The render trigger is left alone: opening a project renders nothing.
  void restore(const std::map<juce::String, float>& values);

private:
  std::vector<juce::RangedAudioParameter*> saved() const;
};

constexpr int kMostTargets = 64; // more instruments than a model has

} // namespace umtn::plugin
