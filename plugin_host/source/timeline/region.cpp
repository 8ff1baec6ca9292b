#include "region.hpp"

namespace umtn::plugin {

void Region::observe(const Transport& host, int samples, bool armed) noexcept UMTN_REALTIME {
  const Transport transport = steady_.follow(host, samples);
  now_.transport = transport;
  const bool rolling = transport.rolling() && samples > 0;
  if (rolling && armed) {
    const Range block = transport.block(samples);
    // A loop comes back into what was played, and is one range with it; a jump elsewhere is not.
    const bool goes_on = now_.rolling && now_.played_rate == transport.rate &&
                         block.start >= now_.played.start && block.start <= now_.played.end;
    if (goes_on)
      now_.played.end = std::max(now_.played.end, block.end);
    else
      now_.played = block;
    now_.played_rate = transport.rate;
  }
  if (rolling)
    now_.transport.move_by(samples);
  ++now_.blocks;
  now_.rolling = rolling && armed;
  seen_.write(now_);
}

void Region::drag(Place place) {
  const std::lock_guard<std::mutex> lock(mutex_);
  dragged_ = place;
  source_ = RegionSource::dragged;
}

std::optional<Place> Region::dragged() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return dragged_;
}

std::optional<Place> Region::current() const {
  const Seen seen = seen_.read();
  std::optional<Place> place;
  switch (source_.load()) {
  case RegionSource::last_played:
    place = Place{seen.played, seen.played_rate};
    break;
  case RegionSource::loop:
    if (seen.transport.has_loop)
      place = Place{seen.transport.loop, seen.transport.rate};
    break;
  case RegionSource::dragged:
    place = dragged();
    break;
  }
  return place && !place->range.empty() ? place : std::nullopt;
}

} // namespace umtn::plugin
