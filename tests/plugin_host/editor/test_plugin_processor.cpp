// What of the processor needs a message loop, and what its window leaves in a project.
#include "hands.hpp"

#include <doctest/doctest.h>

namespace umtn::plugin::test {
namespace {

// A processor in a host without a window; the input is a tone.
struct Host {
  Host() {
    processor.core().set_session_folder(folder / "session");
    processor.setRateAndBufferSizeDetails(48000.0, 512);
    processor.prepareToPlay(48000.0, 512);
    processor.setPlayHead(&head);
  }
  ~Host() { processor.setPlayHead(nullptr); }

  // A block from there on; the loudest sample that came out.
  float block(Sample at, bool playing, float input = 0.25f) {
    juce::AudioBuffer<float> audio(2, 512);
    juce::MidiBuffer midi;
    for (int channel = 0; channel < 2; ++channel)
      juce::FloatVectorOperations::fill(audio.getWritePointer(channel), input, 512);
    head.tell(at, playing);
    processor.processBlock(audio, midi);
    return audio.getMagnitude(0, 512);
  }
  Sample recorded() {
    processor.core().capture().flush();
    Sample samples = 0;
    const auto timeline = processor.core().capture().timeline();
    for (const Clip& clip : timeline.clips())
      samples += clip.place.range.length();
    return samples;
  }
  juce::MemoryBlock state() {
    juce::MemoryBlock data;
    processor.getStateInformation(data);
    return data;
  }

  TemporaryFolder folder;
  PlayHead head;
  PluginProcessor processor;
};

} // namespace

TEST_CASE("no host may switch it off where the input is silent") {
  const PluginProcessor processor;
  CHECK(processor.getTailLengthSeconds() == std::numeric_limits<double>::infinity());
}

TEST_CASE("capture once: the parameter is turned off when the transport has stopped") {
  Host host;
  auto& capture = host.processor.parameters().capture;
  host.processor.set_capture_once(true);
  capture = true;
  for (int n = 0; n < 20; ++n)
    host.block(n * 512, true);
  pump(0.2);
  CHECK(capture.get()); // still rolling
  host.block(20 * 512, false);
  CHECK(soon([&] { return !capture.get(); }));
  CHECK(host.recorded() == 20 * 512);

  // Armed anew it records anew, and is turned off anew.
  capture = true;
  for (int n = 0; n < 10; ++n)
    host.block(100000 + n * 512, true);
  host.block(200000, false);
  CHECK(host.recorded() == 30 * 512);
  CHECK(soon([&] { return !capture.get(); }));

  host.processor.set_capture_once(false);
  capture = true;
  host.block(300000, true);
  host.block(300512, false);
  pump(0.2);
  CHECK(capture.get());
}

TEST_CASE(
    "capture once, where the host has no message loop: the next pass is not recorded either") {
  Host host;
  host.processor.set_capture_once(true);
  host.processor.parameters().capture = true;
  for (int n = 0; n < 10; ++n)
    host.block(n * 512, true);
  host.block(0, false);
  for (int n = 0; n < 10; ++n)
    host.block(100000 + n * 512, true);
  CHECK(host.recorded() == 10 * 512);
}

TEST_CASE("a project remembers capture once, and the window's size and scale") {
  Host host;
  host.processor.set_capture_once(true);
  host.processor.set_editor_size({1234, 678, 1.5f});
  PluginProcessor other;
  const auto state = host.state();
  other.setStateInformation(state.getData(), static_cast<int>(state.getSize()));
  CHECK(other.capture_once());
  CHECK(other.editor_size().width == 1234);
  CHECK(other.editor_size().height == 678);
  CHECK(other.editor_size().scale == 1.5f);

  // An older project says nothing of them, a broken one nonsense.
  for (const char* const value : {"", "nan", "-5", "1e30"}) {
    auto text = state.toString();
    for (const char* const id : {"capture_once", "editor_width", "editor_height", "editor_scale"})
      if (*value == 0)
        text = text.replace(id, juce::String("other_") + id);
      else
        text = text.replace(juce::String("id=\"") + id + "\" value=\"",
                            juce::String("id=\"") + id + "\" value=\"" + value + "\" was=\"");
    CAPTURE(value);
    REQUIRE(text != state.toString());
    other.setStateInformation(text.toRawUTF8(), static_cast<int>(text.getNumBytesAsUTF8()));
    const auto size = other.editor_size();
    CHECK(size.width >= 0);
    CHECK(size.width <= 10000);
    CHECK(size.scale >= 0.0f);
    CHECK(size.scale <= 10.0f);
    if (*value == 0) {
      CHECK(size.width == 0);
      CHECK_FALSE(other.capture_once());
    }
  }
}

TEST_CASE("it plays what was recorded while the host stands still, and stops where it rolls") {
  Host host;
  host.processor.parameters().capture = true;
  for (int n = 0; n < 60; ++n)
    host.block(n * 512, true);
  host.block(60 * 512, false);
  host.processor.parameters().capture = false;
  CHECK(host.recorded() == 60 * 512);
  auto& listen = host.processor.core().listen();
  listen.play();
  CHECK(listen.playing());
  CHECK(soon([&] { return host.block(60 * 512, false, 0.0f) == 0.25f; }));
  CHECK(host.recorded() == 60 * 512);
  host.block(60 * 512, true, 0.0f);
  CHECK_FALSE(listen.playing());
  CHECK(host.block(61 * 512, true, 0.0f) == 0.0f);
}

} // namespace umtn::plugin::test
