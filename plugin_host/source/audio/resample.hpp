// A recording at another sample rate, off the audio thread.
#pragma once

#include "wav.hpp"

namespace umtn::plugin {

// Windowed-sinc interpolation, as long as it takes; the result has exactly `length` samples, and
// its sample n sounds at the time of the source's sample n * from / to.
Audio resample(const Audio& source, double from, double to, Sample length);

} // namespace umtn::plugin
