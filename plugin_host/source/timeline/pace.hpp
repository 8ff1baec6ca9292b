// Whether blocks come at the pace of live sound.
#pragma once

#include "transport.hpp"

namespace umtn::plugin {

// Hosts' offline flags lie in both directions: Ardour bounces with it off, some hosts play live
// with it on. Blocks that come faster than they sound are offline for sure.
class Pace {
public:
  enum class Verdict { unknown, live, offline };

  void reset() noexcept UMTN_REALTIME;
  // Takes note of a block that starts now (seconds of a steady clock).
  void observe(const Transport& transport, int samples, double now) noexcept UMTN_REALTIME;
  Verdict verdict() const { return verdict_; }

  // Whether the audio thread may wait: the host says offline and the pace does not deny it, or
  // the pace itself leaves no doubt.
  bool may_wait(const Transport& transport) const noexcept UMTN_REALTIME;

private:
  double since_ = -1.0;
  double sounded_ = 0.0;
  Verdict verdict_ = Verdict::unknown;
};

} // namespace umtn::plugin
