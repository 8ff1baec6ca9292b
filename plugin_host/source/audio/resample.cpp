#include "resample.hpp"

#include <cmath>
#include <numeric>

namespace umtn::plugin {
namespace {

constexpr int kCrossings = 64;     // of the sinc, on either side
constexpr double kBeta = 10.0;     // of the Kaiser window: about 100 dB
constexpr double kPassband = 0.95; // of the lower of the two Nyquist frequencies
constexpr double kPi = 3.14159265358979323846;

double bessel_i0(double x) {
  double sum = 1.0, term = 1.0;
  for (int k = 1; term > sum * 1e-17; ++k) {
    term *= (x / (2.0 * k)) * (x / (2.0 * k));
    sum += term;
  }
  return sum;
}

// The lowpass that an interpolation at `fraction` of a sample after the middle tap applies.
class Kernel {
public:
  Kernel(double from, double to)
      : cutoff_(kPassband * std::min(1.0, to / from)),
        reach_(static_cast<int>(std::ceil(kCrossings / cutoff_))) {}

  int reach() const { return reach_; }

  std::vector<double> taps(double fraction) const {
    std::vector<double> taps(static_cast<std::size_t>(2 * reach_));
    double sum = 0.0;
    for (int tap = 0; tap < 2 * reach_; ++tap) {
      const double distance = tap - (reach_ - 1) - fraction;
      const double angle = kPi * cutoff_ * distance;
      const double sinc = std::abs(angle) < 1e-12 ? 1.0 : std::sin(angle) / angle;
      const double edge = distance / reach_;
      const double window =
          std::abs(edge) < 1.0 ? bessel_i0(kBeta * std::sqrt(1.0 - edge * edge)) : 0.0;
      sum += taps[static_cast<std::size_t>(tap)] = sinc * window;
    }
    for (double& tap : taps)
      tap /= sum;
    return taps;
  }

private:
  double cutoff_;
  int reach_;
};

double convolve(const float* source, int length, std::int64_t first,
                const std::vector<double>& taps) {
  const auto begin = std::max<std::int64_t>(0, -first);
  const auto end = std::min(static_cast<std::int64_t>(taps.size()), length - first);
  double sum = 0.0;
  for (auto tap = begin; tap < end; ++tap)
    sum += taps[static_cast<std::size_t>(tap)] * source[first + tap];
  return sum;
}

} // namespace

// JUCE's interpolators are made for playing: they do not remove what would alias.
Audio resample(const Audio& source, double from, double to, Sample length) {
  const auto rate_in = std::llround(from), rate_out = std::llround(to);
  const auto common = std::gcd(rate_in, rate_out);
  const auto step = rate_in / common, phases = rate_out / common;
  const Kernel kernel(from, to);

  // Samples at one fraction share their taps, and there are as many fractions as phases.
  Audio result(source.getNumChannels(), static_cast<int>(length));
  for (std::int64_t phase = 0; phase < std::min<std::int64_t>(phases, length); ++phase) {
    const auto taps =
        kernel.taps(static_cast<double>(phase * step % phases) / static_cast<double>(phases));
    for (int channel = 0; channel < source.getNumChannels(); ++channel) {
      const float* const in = source.getReadPointer(channel);
      float* const out = result.getWritePointer(channel);
      for (auto n = phase; n < length; n += phases)
        out[n] = static_cast<float>(
            convolve(in, source.getNumSamples(), n * step / phases - (kernel.reach() - 1), taps));
    }
  }
  return result;
}

} // namespace umtn::plugin
