// Which stretch of the timeline is meant: the last one played, the host's loop, or a dragged one.
#pragma once

#include "published.hpp"
#include "steady_position.hpp"

#include <atomic>
#include <mutex>
#include <optional>

namespace umtn::plugin {

enum class RegionSource { last_played, loop, dragged };

class Region {
public:
  // Follows the transport. Every block, on the audio thread. Playing only to listen, with capture
  // off, leaves the last range played as it is: nothing was recorded in it.
  void observe(const Transport& host, int samples, bool armed = true) noexcept UMTN_REALTIME;

  // From here on any other thread.
  void choose(RegionSource source) { source_ = source; }
  RegionSource source() const { return source_; }
  void drag(Place place); // and chooses it
  std::optional<Place> dragged() const;

  // The region, if there is one yet.
  std::optional<Place> current() const;
  // The newest block's transport, with the position after it.
  Transport transport() const { return seen_.read().transport; }
  // How many blocks there were: where they cease, the host has stopped too.
  std::uint64_t blocks() const { return seen_.read().blocks; }

private:
  struct Seen {
    Transport transport;
    Range played; // of the roll that is under way or was last
    double played_rate = 0.0;
    bool rolling = false;
    std::uint64_t blocks = 0;
  };
  Seen now_; // the audio thread's, with the next
  SteadyPosition steady_;
  Published<Seen> seen_;
  std::atomic<RegionSource> source_{RegionSource::last_played};
  mutable std::mutex mutex_;
  std::optional<Place> dragged_;
};

} // namespace umtn::plugin
