#include "parameters.hpp"

namespace umtn::plugin {

namespace {

// The version is Audio Unit's: new parameters of later versions get a higher one.
juce::ParameterID id(const char* name, int version = 1) {
  return {name, version};
}

template <class Parameter, class... Arguments>
Parameter& add(juce::AudioProcessor& processor, Arguments&&... arguments) {
  auto parameter = std::make_unique<Parameter>(std::forward<Arguments>(arguments)...);
  auto& reference = *parameter;
  processor.addParameter(parameter.release());
  return reference;
}

auto percent() {
  return juce::AudioParameterFloatAttributes()
      .withLabel("%")
      .withStringFromValueFunction(
          [](float value, int) { return juce::String(juce::roundToInt(value * 100.0f)); })
      .withValueFromStringFunction(
          [](const juce::String& text) { return text.getFloatValue() / 100.0f; });
}

auto model_s_own() {
  return juce::AudioParameterFloatAttributes()
      .withStringFromValueFunction([](float value, int) {
        return value > 0.0f ? juce::String(value, 2) : juce::String("model's own");
      })
      .withValueFromStringFunction([](const juce::String& text) { return text.getFloatValue(); });
}

auto semitones() {
  return juce::AudioParameterIntAttributes()
      .withStringFromValueFunction([](int value, int) {
        return value > 0 && value < kOctave ? "+" + transpose_text(value) : transpose_text(value);
      })
      .withValueFromStringFunction([](const juce::String& text) {
        return text.trim().equalsIgnoreCase(transpose_text(kOctave)) ? kOctave : text.getIntValue();
      });
}

} // namespace

Parameters::Parameters(juce::AudioProcessor& processor)
    : capture(add<juce::AudioParameterBool>(processor, id("capture"), "Capture", false)),
      target(add<juce::AudioParameterInt>(processor, id("target"), "Target", 1, kMostTargets, 1)),
      mix(add<juce::AudioParameterFloat>(processor, id("mix"), "Mix",
                                         juce::NormalisableRange<float>(0.0f, 1.0f), 1.0f,
                                         percent())),
      audition(add<juce::AudioParameterChoice>(processor, id("audition"), "Audition",
                                               juce::StringArray{"Result", "Source"}, 0)),
      temperature(add<juce::AudioParameterFloat>(processor, id("temperature"), "Temperature",
                                                 juce::NormalisableRange<float>(0.0f, 1.5f, 0.01f),
                                                 0.0f, model_s_own())),
      seed(add<juce::AudioParameterInt>(processor, id("seed"), "Seed", 0, 9999, 0)),
      render(add<juce::AudioParameterBool>(processor, id("render"), "Render", false)),
      bypass(add<juce::AudioParameterBool>(processor, id("bypass"), "Bypass", false)),
      channels(add<juce::AudioParameterChoice>(
          processor, id("channels", 2), "Channels",
          juce::StringArray{"auto", "per-channel", "mono", "mid"}, 0)),
      dynamics(add<juce::AudioParameterFloat>(processor, id("dynamics", 2), "Dynamics",
                                              juce::NormalisableRange<float>(0.0f, 1.0f), 1.0f,
                                              percent())),
      transpose(add<juce::AudioParameterInt>(processor, id("transpose", 2), "Transpose",
                                             -kMostSemitones, kOctave, 0, semitones())) {}

PlayControls Parameters::play_controls(bool bypassed) const noexcept UMTN_REALTIME {
  return {mix.get(), audition.getIndex() == 0 ? Audition::result : Audition::source, bypassed};
}

std::vector<juce::RangedAudioParameter*> Parameters::saved() const {
  return {&capture, &target, &mix,      &audition, &temperature,
          &seed,    &bypass, &channels, &dynamics, &transpose};
}

std::map<juce::String, float> Parameters::values() const {
  std::map<juce::String, float> values;
  for (const auto* parameter : saved())
    values[parameter->paramID] = parameter->convertFrom0to1(parameter->getValue());
  return values;
}

void Parameters::restore(const std::map<juce::String, float>& values) {
  for (auto* parameter : saved())
    if (const auto value = values.find(parameter->paramID); value != values.end())
      parameter->setValueNotifyingHost(parameter->convertTo0to1(value->second));
}

} // namespace umtn::plugin
