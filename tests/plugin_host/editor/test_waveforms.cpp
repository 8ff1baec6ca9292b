#include "../support/support.hpp"
#include "editor/waveforms.hpp"

#include <doctest/doctest.h>

namespace umtn::plugin::test {
namespace {

void write(const juce::File& file, double rate, int channels, int samples, float value) {
  juce::AudioBuffer<float> audio(channels, samples);
  for (int channel = 0; channel < channels; ++channel)
    juce::FloatVectorOperations::fill(audio.getWritePointer(channel), value, samples);
  auto writer = WavWriter::create(file, rate, channels, 0);
  REQUIRE(writer != nullptr);
  REQUIRE(writer->write(audio.getArrayOfReadPointers(), samples));
}

} // namespace

TEST_CASE("a file's waveform is built once, in the background, and kept") {
  const TemporaryFolder folder;
  const auto file = folder / "take.wav";
  write(file, 44100.0, 2, 100000, 0.5f);
  const Capture capture;
  Waveforms waveforms(capture);
  waveforms.of(file);
  REQUIRE(eventually([&] {
    const auto made = waveforms.of(file);
    return made.peaks != nullptr && made.peaks->length() == 100000;
  }));
  REQUIRE(eventually([&] { return waveforms.grew_since(file, 0); }));
  const auto made = waveforms.of(file);
  CHECK(made.rate == 44100.0);
  Peak peak;
  made.peaks->read(1, {0, 100000}, 1, &peak);
  CHECK(peak.most == doctest::Approx(0.5).epsilon(1e-3));

  file.deleteFile(); // it is not read again
  CHECK(waveforms.of(file).peaks == made.peaks);
  CHECK_FALSE(waveforms.grew_since(file, waveforms.revision()));
  waveforms.keep_only({});
  CHECK(waveforms.of(file).peaks == nullptr);
}

TEST_CASE("what is being recorded has its waveform while it grows, without its file being read") {
  const TemporaryFolder folder;
  Capture capture;
  capture.set_folder(folder.file());
  capture.prepare(48000.0, 512, 1);
  Waveforms waveforms(capture);
  Transport transport;
  transport.rate = 48000.0;
  transport.playing = transport.has_position = true;
  juce::AudioBuffer<float> block(1, 512);
  juce::FloatVectorOperations::fill(block.getWritePointer(0), 0.25f, 512);
  const auto play = [&](int blocks) {
    for (int n = 0; n < blocks; ++n) {
      capture.process(block, transport, true);
      transport.position += 512;
    }
    capture.flush();
  };
  play(20);
  REQUIRE(capture.timeline().clips().size() == 1);
  const auto file = capture.timeline().clips()[0].file;
  const auto first = waveforms.of(file);
  REQUIRE(first.peaks != nullptr);
  const Sample before = first.peaks->length();
  play(20);
  CHECK(first.peaks->length() > before);
  CHECK(waveforms.revision() == 0); // nothing was built
}

TEST_CASE("a file that is missing or none is tried again later, and stops nothing") {
  const TemporaryFolder folder;
  const Capture capture;
  Waveforms waveforms(capture);
  const auto late = folder / "late.wav", good = folder / "good.wav", none = folder / "none.wav";
  write(good, 48000.0, 1, 1000, 0.1f);
  none.replaceWithText("this is no audio");
  waveforms.of(late);
  waveforms.of(none);
  waveforms.of(juce::File());
  CHECK(eventually([&] { return waveforms.of(good).peaks != nullptr; }));
  CHECK(waveforms.of(none).peaks == nullptr);
  write(late, 48000.0, 1, 1000, 0.1f);
  CHECK(eventually([&] { return waveforms.of(late).peaks != nullptr; }));
}

TEST_CASE("whoever closes a project waits for no waveform") {
  const TemporaryFolder folder;
  const auto file = folder / "long.wav";
  write(file, 48000.0, 2, 48000 * 120, 0.5f);
  const Capture capture;
  for (int round = 0; round < 5; ++round) {
    auto waveforms = std::make_unique<Waveforms>(capture);
    waveforms->of(file);
    std::this_thread::sleep_for(std::chrono::milliseconds(5 * round));
    const auto before = steady_seconds();
    waveforms.reset();
    CHECK(steady_seconds() - before < 0.05);
  }
}

} // namespace umtn::plugin::test
