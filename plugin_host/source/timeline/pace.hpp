// Whether blocks come at the pace of live sound.
#pragma once

#include "transport.hpp"

namespace umtn::plugin {

// Hosts' offline flags lie in both directions: Ardour bounces with it off, others may play live
// with it on. Blocks that come much faster than they sound are offline for sure, and blocks that
// come just as they sound are live.
class Pace {
public:
  enum class Verdict { unknown, live, offline };

  void reset() noexcept UMTN_REALTIME;
  // Takes note of a block that begins now, in seconds of a steady clock.
  void observe(const Transport& transport, int samples, double now) noexcept UMTN_REALTIME;
  // The time that passes now is the plugin's own doing: it counts for nothing.
  void pause() noexcept UMTN_REALTIME { since_ = kNever; }

  Verdict verdict() const noexcept { return verdict_; }
  // Whether the audio thread may be kept waiting: the host says offline and the pace does not deny
  // it, or the pace leaves no doubt.
  bool may_wait(const Transport& transport) const noexcept UMTN_REALTIME;

private:
  void judge(double elapsed) noexcept UMTN_REALTIME;

  static constexpr double kNever = -1.0;
  static constexpr double kAhead = 2.0;  // seconds that no live host is ahead of its sound
  static constexpr double kWindow = 2.0; // seconds of listening for a verdict
  double since_ = kNever, last_ = kNever;
  double sounded_ = 0.0;
  bool flag_ = false;
  Verdict verdict_ = Verdict::unknown;
};

// Seconds of the steady clock that Pace wants.
double steady_seconds() noexcept UMTN_REALTIME;

} // namespace umtn::plugin
