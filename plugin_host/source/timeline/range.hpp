// Stretches of the timeline.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace umtn::plugin {

using Sample = std::int64_t; // a position or length on the timeline, in samples

// From start up to, but not with, end.
struct Range {
  Sample start = 0;
  Sample end = 0;

  Sample length() const { return end - start; }
  bool empty() const { return end <= start; }
  bool contains(Sample sample) const { return sample >= start && sample < end; }
  bool overlaps(Range other) const { return start < other.end && other.start < end; }
  Range intersection(Range other) const {
    return {std::max(start, other.start), std::min(end, other.end)};
  }
  bool operator==(const Range& other) const { return start == other.start && end == other.end; }
  bool operator!=(const Range& other) const { return !(*this == other); }
};

// Where a position at one sample rate lies at another.
inline Sample at_rate(Sample position, double from, double to) {
  return from == to ? position
                    : static_cast<Sample>(std::llround(static_cast<double>(position) * to / from));
}

// A stretch of the timeline that outlives a change of the host's sample rate.
struct Place {
  Range range;
  double rate = 48000.0;

  Range at(double host_rate) const {
    return {at_rate(range.start, rate, host_rate), at_rate(range.end, rate, host_rate)};
  }
  bool operator==(const Place& other) const { return range == other.range && rate == other.rate; }
};

// No music lies beyond two days from the timeline's zero, on either side: what says so is a
// mistake, and would be far too long to draw, and to count with at other rates.
constexpr double kLongestTimeline = 48.0 * 3600.0; // seconds

inline bool on_timeline(const Place& place) {
  const double most = kLongestTimeline * place.rate;
  return static_cast<double>(place.range.start) >= -most &&
         static_cast<double>(place.range.end) <= most;
}

} // namespace umtn::plugin
