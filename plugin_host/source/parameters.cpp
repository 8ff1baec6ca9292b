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

auto instrument_s_name(const Instrument& instrument) {
  return juce::AudioParameterIntAttributes()
      .withStringFromValueFunction([&instrument](int number, int longest) {
        const auto name = instrument.name_of(number);
        return longest > 0 ? name.substring(0, longest) : name;
      })
      .withValueFromStringFunction(
          [&instrument](const juce::String& text) { return instrument.number_of(text); });
}

juce::NormalisableRange<float> steps(int choices) {
  return {0.0f, static_cast<float>(choices - 1), 1.0f};
}

} // namespace

ChoiceParameter::ChoiceParameter(const juce::ParameterID& its_id, const juce::String& its_name,
                                 const juce::StringArray& of)
    : RangedAudioParameter(its_id, its_name), choices(of), range_(steps(of.size())) {}

int ChoiceParameter::getIndex() const noexcept UMTN_REALTIME {
  return juce::roundToInt(juce::jlimit(0.0f, 1.0f, value_.load()) * range_.end);
}

ChoiceParameter& ChoiceParameter::operator=(int index) {
  if (index != getIndex())
    setValueNotifyingHost(convertTo0to1(static_cast<float>(index)));
  return *this;
}

juce::String ChoiceParameter::getText(float value, int longest) const {
  const auto text = choices[juce::roundToInt(convertFrom0to1(value))];
  return longest > 0 ? text.substring(0, longest) : text;
}

float ChoiceParameter::getValueForText(const juce::String& text) const {
  return convertTo0to1(static_cast<float>(std::max(0, choices.indexOf(text.trim(), true))));
}

Parameters::Parameters(juce::AudioProcessor& processor, const Instrument& instrument)
    : capture(add<juce::AudioParameterBool>(processor, id("capture"), "Capture", false)),
      target(add<juce::AudioParameterInt>(processor, id("target"), "Instrument", 1, kMostTargets, 1,
                                          instrument_s_name(instrument))),
      mix(add<juce::AudioParameterFloat>(processor, id("mix"), "Mix",
                                         juce::NormalisableRange<float>(0.0f, 1.0f), 1.0f,
                                         percent())),
      audition(add<ChoiceParameter>(processor, id("audition"), "Audition",
                                    juce::StringArray{"Result", "Source"})),
      temperature(add<juce::AudioParameterFloat>(processor, id("temperature"), "Character",
                                                 juce::NormalisableRange<float>(0.0f, 1.5f, 0.01f),
                                                 0.0f, model_s_own())),
      seed(add<juce::AudioParameterInt>(processor, id("seed"), "Variation", 0, 9999, 0)),
      render(add<TriggerParameter>(processor, id("render"), "Render", false)),
      bypass(add<juce::AudioParameterBool>(processor, id("bypass"), "Bypass", false)),
      channels(add<ChoiceParameter>(processor, id("channels", 2), "Channels",
                                    juce::StringArray{"auto", "per-channel", "mono", "mid"})),
      dynamics(add<juce::AudioParameterFloat>(processor, id("dynamics", 2), "Dynamics",
                                              juce::NormalisableRange<float>(0.0f, 1.0f), 1.0f,
                                              percent())),
      transpose(add<juce::AudioParameterInt>(processor, id("transpose", 2), "Transpose",
                                             -kMostSemitones, kOctave, 0, semitones())) {}

PlayControls Parameters::play_controls(bool bypassed) const noexcept UMTN_REALTIME {
  return {mix.get(), audition.getIndex() == 0 ? Audition::result : Audition::source, bypassed};
}

std::vector<juce::RangedAudioParameter*> Parameters::all() const {
  return {&capture, &target, &mix,      &audition, &temperature, &seed,
          &render,  &bypass, &channels, &dynamics, &transpose};
}

// Neither way by convertFrom0to1() and convertTo0to1(), which go to the nearest step.
std::map<juce::String, float> Parameters::values() const {
  std::map<juce::String, float> values;
  for (const auto* parameter : all())
    values[parameter->paramID] = parameter->getNormalisableRange().convertFrom0to1(
        juce::jlimit(0.0f, 1.0f, parameter->getValue()));
  return values;
}

void Parameters::restore(const std::map<juce::String, float>& values) {
  for (auto* parameter : all())
    if (const auto value = values.find(parameter->paramID); value != values.end()) {
      if (parameter == &render)
        render.expect_project();
      parameter->setValueNotifyingHost(
          parameter->getNormalisableRange().convertTo0to1(value->second));
    }
}

} // namespace umtn::plugin
