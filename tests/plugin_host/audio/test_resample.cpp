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
                                 {16000.0, 192000.0}}) {
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

} // namespace umtn::plugin::test
