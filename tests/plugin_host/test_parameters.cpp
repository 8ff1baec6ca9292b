#include "parameters.hpp"
#include "plugin_processor.hpp"
#include "support/support.hpp"

#include <doctest/doctest.h>

namespace umtn::plugin::test {
namespace {

std::vector<float> values(PluginProcessor& processor) {
  std::vector<float> values;
  for (const auto* parameter : processor.getParameters())
    values.push_back(parameter->getValue());
  return values;
}

void randomise(PluginProcessor& processor, Random& random) {
  for (auto* parameter : processor.getParameters())
    parameter->setValue((random.sample() + 1.0f) / 2.0f);
}

} // namespace

TEST_CASE("every value a host gives comes back with the state, between the steps too") {
  Random random(5);
  for (int round = 0; round < 50; ++round) {
    PluginProcessor processor;
    randomise(processor, random);
    const auto before = values(processor);
    juce::MemoryBlock saved, again;
    processor.getStateInformation(saved);
    randomise(processor, random);
    processor.setStateInformation(saved.getData(), static_cast<int>(saved.getSize()));
    const auto after = values(processor);
    REQUIRE(before.size() == after.size());
    for (std::size_t n = 0; n < before.size(); ++n)
      CHECK(after[n] == doctest::Approx(before[n]).epsilon(1e-5));
    processor.getStateInformation(again);
    CHECK(again == saved);
  }
}

TEST_CASE("a choice holds what it was given, and is the nearest one") {
  PluginProcessor processor;
  auto& channels = processor.parameters().channels;
  auto& parameter = static_cast<juce::AudioProcessorParameter&>(channels);
  parameter.setValue(0.45f);
  CHECK(parameter.getValue() == 0.45f);
  CHECK(channels.getIndex() == 1);
  CHECK(channels.getCurrentChoiceName() == "per-channel");
  channels = 3;
  CHECK(parameter.getValue() == 1.0f);
  CHECK(parameter.getText(0.3f, 100) == "per-channel");
  CHECK(parameter.getValueForText("MID") == 1.0f);
  CHECK(parameter.getAllValueStrings() == channels.choices);
}

TEST_CASE("a project that turns render on asks for nothing, a person who does it later does") {
  PluginProcessor processor;
  auto& render = processor.parameters().render;
  render.setValueNotifyingHost(1.0f);
  CHECK(render.triggered());
  juce::MemoryBlock on, off;
  processor.getStateInformation(on);
  render.setValueNotifyingHost(0.0f);
  processor.getStateInformation(off);
  const auto load = [&](const juce::MemoryBlock& state) {
    processor.setStateInformation(state.getData(), static_cast<int>(state.getSize()));
  };
  load(on);
  CHECK(render.get());
  CHECK_FALSE(render.triggered());
  render.setValueNotifyingHost(1.0f); // a host that repeats itself
  CHECK_FALSE(render.triggered());
  render.setValueNotifyingHost(0.0f);
  render.setValueNotifyingHost(1.0f);
  CHECK(render.triggered());
  load(off);
  CHECK_FALSE(render.get());
  render.setValueNotifyingHost(1.0f);
  CHECK(render.triggered());
}

TEST_CASE("hosts show the instruments of the chosen model by their names") {
  PluginProcessor processor;
  auto& instrument = processor.instrument();
  auto& target = static_cast<juce::AudioProcessorParameter&>(processor.parameters().target);
  int told = 0;
  instrument.on_names = [&] { ++told; };
  const auto value = [](int number) {
    return static_cast<float>(number - 1) / static_cast<float>(kMostTargets - 1);
  };
  CHECK(target.getText(value(2), 100) == "Instrument 2");
  CHECK(target.getValueForText("Instrument 2") == doctest::Approx(value(2)));
  const std::vector<Model> models = {{"default", {"flute", "French horn"}, {}, {}},
                                     {"big", {"violin"}, {}, {}}};
  instrument.know(models);
  instrument.know(models);
  CHECK(told == 1);
  CHECK(target.getText(value(2), 100) == "French horn");
  CHECK(target.getText(value(2), 6) == "French");
  CHECK(target.getText(value(3), 100) == "Instrument 3");
  CHECK(target.getValueForText("french horn") == doctest::Approx(value(2)));
  CHECK(target.getValueForText("5") == doctest::Approx(value(5)));
  CHECK(target.getValueForText("nonsense") == 0.0f);
  instrument.choose_model("big");
  CHECK(told == 2);
  CHECK(target.getText(value(1), 100) == "violin");

  // A name is meant, also where the model that is chosen then has none of it.
  instrument.choose_target("flute", 1);
  CHECK(instrument.choice(models, 1).target == "flute");
  CHECK(instrument.choice(models, 2).target.isEmpty());
  instrument.choose_model("default");
  CHECK(instrument.choice(models, 2).target == "French horn");
}

} // namespace umtn::plugin::test
