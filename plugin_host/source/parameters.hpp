// What a host can automate.
#pragma once

#include "instrument.hpp"
#include "player/player.hpp"

#include <atomic>
#include <juce_audio_processors/juce_audio_processors.h>
#include <map>
#include <vector>

namespace umtn::plugin {

// One of several. It keeps exactly the value that a host gave it, where JUCE's own goes to the
// nearest choice: hosts compare what a project brings back with what they gave.
class ChoiceParameter : public juce::RangedAudioParameter {
public:
  ChoiceParameter(const juce::ParameterID& its_id, const juce::String& its_name,
                  const juce::StringArray& of);

  const juce::StringArray choices;
  int getIndex() const noexcept UMTN_REALTIME;
  juce::String getCurrentChoiceName() const { return choices[getIndex()]; }
  ChoiceParameter& operator=(int index);

  const juce::NormalisableRange<float>& getNormalisableRange() const override { return range_; }

private:
  float getValue() const override { return value_; }
  void setValue(float value) override { value_ = value; }
  float getDefaultValue() const override { return 0.0f; }
  int getNumSteps() const override { return choices.size(); }
  bool isDiscrete() const override { return true; }
  juce::String getText(float value, int longest) const override;
  float getValueForText(const juce::String& text) const override;

  const juce::NormalisableRange<float> range_;
  std::atomic<float> value_{0.0f}; // 0 to 1
};

// Turned on, it asks for something, but not where it is a project that turns it on.
class TriggerParameter : public juce::AudioParameterBool {
public:
  using AudioParameterBool::AudioParameterBool;

  bool triggered() const noexcept UMTN_REALTIME { return get() && !restored_; }
  // Before the project's value is set. What it turned on is no trigger until it was off again.
  void expect_project() { restored_ = true; }

private:
  void valueChanged(bool on) override {
    if (!on)
      restored_ = false;
  }
  std::atomic<bool> restored_{false};
};

// Their ids, and the order that LV2 numbers its ports by, are in saved sessions: neither changes.
struct Parameters {
  // The instrument gives the names that hosts show for `target`; it must live as long.
  Parameters(juce::AudioProcessor& processor, const Instrument& instrument);

  juce::AudioParameterBool& capture; // armed: records the input while the transport rolls
  juce::AudioParameterInt& target;   // which of the model's instruments
  juce::AudioParameterFloat& mix;    // 0: the input, 1: the translation
  ChoiceParameter& audition;
  juce::AudioParameterFloat& temperature; // 0: the model's own; people see "Character"
  juce::AudioParameterInt& seed;          // "Variation"
  TriggerParameter& render;               // turned on: renders the region
  juce::AudioParameterBool& bypass;
  ChoiceParameter& channels;           // what becomes of several
  juce::AudioParameterFloat& dynamics; // 1: as loud and soft as the input
  juce::AudioParameterInt& transpose;  // semitones, or kOctave

  PlayControls play_controls(bool bypassed) const noexcept UMTN_REALTIME;

  // By id, in the units that people see, and exactly: hosts give values between the steps.
  std::map<juce::String, float> values() const;
  // Armed is armed again, as a DAW's own tracks are; but opening a project renders nothing.
  void restore(const std::map<juce::String, float>& values);

private:
  std::vector<juce::RangedAudioParameter*> all() const;
};

constexpr int kMostTargets = 64; // more instruments than a model has

} // namespace umtn::plugin
