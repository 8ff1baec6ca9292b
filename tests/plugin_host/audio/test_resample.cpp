#include "audio/resample.hpp"
#include "support/support.hpp"

#include <cmath>
#include <doctest/doctest.h>

namespace umtn::plugin::test {
namespace {

constexpr double kTau = 6.283185307179586;

Audio tone(double frequency, double rate, int samples) {
  Audio audio(1, samples);
  for (int n = 0; n < samples; ++n)
    audio.setSample(0, n, static_cast<float>(std::sin(kTau * frequency * n / rate)));
  return audio;
}

// The whole of it, in parts of any size.
Audio resample(const Audio& source, double from, double to, Sample length) {
  const Resampler resampler(from, to);
  Random random(7);
  Audio result(source.getNumChannels(), static_cast<int>(length));
  for (Sample at = 0; at < length;) {
    const Range part = {at, std::min(length, at + random.integer(1, 5000))};
    const Range needed = resampler.source_of(part);
    for (int channel = 0; channel < source.getNumChannels(); ++channel) {
      std::vector<float> around;
      for (Sample n = needed.start; n < needed.end; ++n)
        around.push_back(n < 0 || n >= source.getNumSamples()
                             ? 0.0f
                             : source.getSample(channel, static_cast<int>(n)));
      resampler.process(around.data(), part, result.getWritePointer(channel, static_cast<int>(at)));
    }
    at = part.end;
  }
  return result;
}

// Away from the ends, where there is silence around the source.
double largest_difference(const Audio& a, const Audio& b, int from, int to) {
  double largest = 0.0;
  for (int n = from; n < to; ++n)
    largest =
        std::max(largest, std::abs(static_cast<double>(a.getSample(0, n)) - b.getSample(0, n)));
  return largest;
}

} // namespace

TEST_CASE("a tone at another rate is the tone made at that rate") {
  for (const auto& [from, to] : {std::pair{44100.0, 48000.0},
                                 {48000.0, 44100.0},
                                 {48000.0, 96000.0},
                                 {192000.0, 44100.0},
                                 {16000.0, 192000.0},
                                 {44100.0, 48001.0}, // with no common measure
                                 {96000.0, 44099.0}}) {
    const int samples = static_cast<int>(from);
    const int wanted = static_cast<int>(to);
    for (const double frequency : {100.0, 1000.0, 0.4 * std::min(from, to)}) {
      const auto made = resample(tone(frequency, from, samples), from, to, wanted);
      REQUIRE(made.getNumSamples() == wanted);
      CHECK(largest_difference(made, tone(frequency, to, wanted), wanted / 10, wanted * 9 / 10) <
            1e-5);
    }
  }
}

TEST_CASE("what a lower rate cannot hold is removed and does not fold back") {
  const auto made = resample(tone(30000.0, 96000.0, 96000), 96000.0, 44100.0, 44100);
  CHECK(made.getMagnitude(4410, 35280) < 1e-4f);
}

TEST_CASE("a constant stays itself, and each channel its own") {
  Audio audio(2, 4000);
  for (int n = 0; n < 4000; ++n) {
    audio.setSample(0, n, 0.5f);
    audio.setSample(1, n, -0.25f);
  }
  const auto made = resample(audio, 44100.0, 48000.0, 4354);
  CHECK(made.getSample(0, 2000) == doctest::Approx(0.5f).epsilon(1e-6));
  CHECK(made.getSample(1, 2000) == doctest::Approx(-0.25f).epsilon(1e-6));
}

TEST_CASE("a stretch of a file at another rate, in parts as in one piece, silent beyond its ends") {
  TemporaryFolder folder;
  const auto file = folder / "noise.wav";
  Random random(3);
  auto sound = noise(random, 2, 9000);
  sound.setSample(0, 4000, std::numeric_limits<float>::quiet_NaN());
  {
    const auto writer = WavWriter::create(file, 44100.0, 2, 0);
    REQUIRE(writer->write(sound.getArrayOfReadPointers(), 9000));
  }
  sound.setSample(0, 4000, 0.0f);
  Audio stretch(2, 8000);
  for (int channel = 0; channel < 2; ++channel)
    stretch.copyFrom(channel, 0, sound, channel, 500, 8000);
  for (const double rate : {44100.0, 48000.0, 22050.0}) {
    const auto length = at_rate(8000, 44100.0, rate);
    const ResampledWav wav(file, {500, 8500}, 44100.0, rate);
    const auto whole = wav.read({0, length});
    REQUIRE(whole);
    CHECK(same(*whole, rate == 44100.0 ? stretch : resample(stretch, 44100.0, rate, length)));
    const auto part = *wav.read({1000, 1010});
    for (int n = 0; n < 10; ++n)
      CHECK(part.getSample(1, n) == whole->getSample(1, 1000 + n));
    CHECK(wav.read({length + 100, length + 200})->getMagnitude(0, 100) == 0.0f);
    CHECK(wav.read({-300, -200})->getMagnitude(0, 100) == 0.0f);
  }
  REQUIRE(file.deleteFile());
  CHECK_FALSE(ResampledWav(file, {500, 8500}, 44100.0, 48000.0).read({0, 10}));
}

} // namespace umtn::plugin::test
