// Stretches of the timeline as they are drawn: in seconds.
#pragma once

#include "../../timeline/range.hpp"

namespace umtn::plugin {

// No timeline that somebody works at is longer than a week. Sessions and hosts that say otherwise
// must neither hang the ruler nor push what there is out of sight.
constexpr double kLatest = 7.0 * 24.0 * 3600.0;

struct Seconds {
  double start = 0.0, end = 1.0;
  double length() const { return end - start; }
  bool operator==(const Seconds& other) const { return start == other.start && end == other.end; }
  bool operator!=(const Seconds& other) const { return !(*this == other); }
};

inline double seconds_of(Sample position, double rate) {
  return rate > 0.0 ? static_cast<double>(position) / rate : 0.0;
}

inline Seconds seconds_of(const Place& place) {
  return {seconds_of(place.range.start, place.rate), seconds_of(place.range.end, place.rate)};
}

} // namespace umtn::plugin
