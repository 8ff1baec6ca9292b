#include "resample.hpp"

#include <cmath>
#include <numeric>

namespace umtn::plugin {
namespace {

constexpr int kCrossings = 64;     // of the sinc, on either side
constexpr double kBeta = 10.0;     // of the Kaiser window: about 100 dB
constexpr double kPassband = 0.95; // of the lower of the two Nyquist frequencies
constexpr double kPi = 3.14159265358979323846;
// Fractions of a sample of the passband between which the taps are as good as straight lines.
constexpr double kMostPhases = 1024.0;
constexpr int kLanes = 16; // sums side by side, for the processor's vectors

double bessel_i0(double x) {
  double sum = 1.0, term = 1.0;
  for (int k = 1; term > sum * 1e-17; ++k) {
    term *= (x / (2.0 * k)) * (x / (2.0 * k));
    sum += term;
  }
  return sum;
}

// The lowpass that an interpolation at `fraction` of a sample after the middle tap applies.
void fill_taps(float* into, int reach, double cutoff, double fraction) {
  std::vector<double> taps(static_cast<std::size_t>(2 * reach));
  double sum = 0.0, distance = 1.0 - reach - fraction;
  for (double& tap : taps) {
    const double angle = kPi * cutoff * distance;
    const double sinc = std::abs(angle) < 1e-12 ? 1.0 : std::sin(angle) / angle;
    const double edge = distance / reach;
    const double window =
        std::abs(edge) < 1.0 ? bessel_i0(kBeta * std::sqrt(1.0 - edge * edge)) : 0.0;
    sum += tap = sinc * window;
    distance += 1.0;
  }
  for (const double tap : taps)
    *into++ = static_cast<float>(tap / sum);
}

float dot(const float* a, const float* b, int count) {
  float sums[kLanes] = {};
  for (int n = 0; n < count; n += kLanes)
    for (int lane = 0; lane < kLanes; ++lane)
      sums[lane] += a[n + lane] * b[n + lane];
  float sum = 0.0f;
  for (const float part : sums)
    sum += part;
  return sum;
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a >= 0 ? a / b : -((b - 1 - a) / b);
}

} // namespace

// JUCE's interpolators are made for playing: they do not remove what would alias.
Resampler::Resampler(double from, double to) {
  const auto rate_in = std::max<std::int64_t>(1, std::llround(from)),
             rate_out = std::max<std::int64_t>(1, std::llround(to));
  const auto common = std::gcd(rate_in, rate_out);
  step_ = rate_in / common;
  steps_ = rate_out / common;
  const double cutoff = kPassband * std::min(1.0, to / from);
  reach_ = static_cast<int>(std::ceil(kCrossings / cutoff / (kLanes / 2))) * (kLanes / 2);
  // Where there are few fractions each has its own taps, else what lies between two is mixed.
  phases_ = std::min(steps_, static_cast<std::int64_t>(std::ceil(kMostPhases * cutoff)));
  table_.resize(static_cast<std::size_t>((phases_ + 1) * 2 * reach_));
  for (std::int64_t phase = 0; phase <= phases_; ++phase)
    fill_taps(table_.data() + phase * 2 * reach_, reach_, cutoff,
              static_cast<double>(phase) / static_cast<double>(phases_));
}

Range Resampler::source_of(Range result) const {
  return {floor_div(result.start * step_, steps_) - (reach_ - 1),
          floor_div((result.end - 1) * step_, steps_) + reach_ + 1};
}

void Resampler::process(const float* source, Range result, float* into) const {
  const auto first = floor_div(result.start * step_, steps_);
  const int count = 2 * reach_;
  for (Sample n = result.start; n < result.end; ++n) {
    const auto at = floor_div(n * step_, steps_);
    const float* const around = source + (at - first);
    const auto fraction = (n * step_ - at * steps_) * phases_; // of steps_ * phases_
    const auto phase = fraction / steps_, rest = fraction % steps_;
    const float here = dot(around, taps(phase), count);
    *into++ = rest == 0 ? here
                        : here + (dot(around, taps(phase + 1), count) - here) *
                                     static_cast<float>(rest) / static_cast<float>(steps_);
  }
}

ResampledWav::ResampledWav(juce::File file, Range stretch, double from, double to)
    : file_(std::move(file)), stretch_(stretch) {
  if (from != to)
    resampler_.emplace(from, to);
}

std::optional<Audio> ResampledWav::read(Range result) const {
  if (result.empty())
    return std::nullopt;
  const Range wanted = resampler_ ? resampler_->source_of(result) : result;
  const Range inside = wanted.intersection({0, stretch_.length()});
  auto source = read_wav(file_, {stretch_.start + wanted.start, stretch_.start + wanted.end});
  if (!source)
    return source;
  for (int channel = 0; channel < source->getNumChannels(); ++channel) {
    float* const samples = source->getWritePointer(channel);
    for (Sample n = 0; n < wanted.length(); ++n)
      if (!inside.contains(wanted.start + n) || !std::isfinite(samples[n]))
        samples[n] = 0.0f;
  }
  if (!resampler_)
    return source;
  Audio audio(source->getNumChannels(), static_cast<int>(result.length()));
  for (int channel = 0; channel < audio.getNumChannels(); ++channel)
    resampler_->process(source->getReadPointer(channel), result, audio.getWritePointer(channel));
  return audio;
}

} // namespace umtn::plugin
