#include "audio/peaks.hpp"
#include "support/support.hpp"
#include "timeline/pace.hpp"

#include <doctest/doctest.h>
#include <limits>

namespace umtn::plugin::test {
namespace {

constexpr float kStep = 4.0f / 32767.0f;

// All samples of the 64s that the part touches.
Peak slowly(const juce::AudioBuffer<float>& audio, int channel, Sample first, Sample last) {
  Peak peak;
  first = std::max<Sample>(0, first) / 64 * 64;
  last = std::min<Sample>(audio.getNumSamples(), (last + 63) / 64 * 64);
  for (Sample n = first; n < last; ++n) {
    const float sample = audio.getSample(channel, static_cast<int>(n));
    peak.least = n == first ? sample : std::min(peak.least, sample);
    peak.most = n == first ? sample : std::max(peak.most, sample);
  }
  return peak;
}

} // namespace

TEST_CASE("peaks are the least and the most of every part, however it was appended") {
  Random random(5);
  const auto audio = noise(random, 2, 100000);
  Peaks peaks(2);
  for (int at = 0; at < audio.getNumSamples();) {
    const int samples = std::min(random.block_size(), audio.getNumSamples() - at);
    const float* const channels[] = {audio.getReadPointer(0, at), audio.getReadPointer(1, at)};
    peaks.append(channels, samples);
    at += samples;
  }
  REQUIRE(peaks.length() == 100000);
  REQUIRE(peaks.channels() == 2);
  for (int round = 0; round < 300; ++round) {
    const int channel = random.integer(0, 1);
    const Sample start = random.integer(-5000, 99000);
    const Range range = {start, start + random.integer(1, 60000)};
    const int columns = random.integer(1, 40);
    std::vector<Peak> read(static_cast<std::size_t>(columns));
    peaks.read(channel, range, columns, read.data());
    for (int column = 0; column < columns; ++column) {
      const Sample first = range.start + range.length() * column / columns;
      const Sample last =
          std::max(first + 1, range.start + range.length() * (column + 1) / columns);
      Peak expected;
      if (first < 100000 && last > 0)
        expected = slowly(audio, channel, first, last);
      CHECK(std::abs(read[static_cast<std::size_t>(column)].least - expected.least) <= kStep);
      CHECK(std::abs(read[static_cast<std::size_t>(column)].most - expected.most) <= kStep);
    }
  }
}

TEST_CASE(
    "peaks of silence are none, of what is no number neither, of what is too loud the limit") {
  Peaks peaks(1);
  std::vector<float> samples(64 * 3, 0.0f);
  for (int n = 64; n < 128; ++n)
    samples[static_cast<std::size_t>(n)] = std::numeric_limits<float>::quiet_NaN();
  samples[150] = std::numeric_limits<float>::infinity();
  samples[151] = -9.0f;
  const float* const channels[] = {samples.data()};
  peaks.append(channels, 192);
  std::vector<Peak> read(5, Peak{1.0f, 1.0f});
  peaks.read(0, {0, 320}, 5, read.data());
  for (const std::size_t silent : {0u, 1u, 3u, 4u}) {
    CHECK(read[silent].least == 0.0f);
    CHECK(read[silent].most == 0.0f);
  }
  CHECK(read[2].most == 4.0f);
  CHECK(read[2].least == -4.0f);
  peaks.read(1, {0, 192}, 1, read.data()); // a channel that it has not
  CHECK(read[0].most == 0.0f);
  peaks.read(0, {50, 50}, 1, read.data());
  CHECK(read[0].most == 0.0f);
}

TEST_CASE("peaks of an hour are read in the time of a screen, while they grow") {
  Peaks peaks(2);
  const std::vector<float> second(48000, 0.25f);
  const float* const channels[] = {second.data(), second.data()};
  for (int n = 0; n < 3600; ++n)
    peaks.append(channels, 48000);
  std::atomic<bool> ending{false};
  std::thread writer([&] {
    while (!ending) {
      peaks.append(channels, 512);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  std::vector<Peak> read(2000);
  const double before = steady_seconds();
  for (int round = 0; round < 20; ++round)
    peaks.read(round % 2, {round * 1000, 3600 * 48000 - round * 777}, 2000, read.data());
  const double taken = (steady_seconds() - before) / 20;
  ending = true;
  writer.join();
  CHECK(taken < 0.008);
  CHECK(read[1000].most == doctest::Approx(0.25).epsilon(1e-3));
  CHECK(peaks.length() > 3600 * 48000);
}

} // namespace umtn::plugin::test
