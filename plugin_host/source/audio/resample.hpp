// A recording at another sample rate, part by part, off the audio thread.
#pragma once

#include "wav.hpp"

#include <vector>

namespace umtn::plugin {

// Windowed-sinc interpolation. The result's sample n sounds at the time of the source's sample
// n * from / to.
class Resampler {
public:
  Resampler(double from, double to);

  // What of the source a part of the result is made of.
  Range source_of(Range result) const;
  // A part of the result. `source` is what source_of() says.
  void process(const float* source, Range result, float* into) const;

private:
  const float* taps(std::int64_t phase) const { return table_.data() + phase * 2 * reach_; }

  std::int64_t step_, steps_; // the source goes on by step_ / steps_ of a sample
  int reach_;                 // samples on either side
  std::int64_t phases_;       // fractions of a sample that the table has
  std::vector<float> table_;
};

// A stretch of a WAV file at another rate, or its own: silence beyond its ends, and where the file
// has what is no number.
class ResampledWav {
public:
  ResampledWav(juce::File file, Range stretch, double from, double to);

  // A part of the result, whose sample 0 is the stretch's first. Nothing where the file cannot be
  // read.
  std::optional<Audio> read(Range result) const;

private:
  juce::File file_;
  Range stretch_;
  std::optional<Resampler> resampler_; // none at its own rate
};

} // namespace umtn::plugin
