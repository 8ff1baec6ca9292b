#include "capture_once.hpp"

namespace umtn::plugin {
namespace {

// Hosts that send no blocks while they stand still have stopped where none came for so long and the
// next one lies elsewhere. Seconds.
constexpr double kQuiet = 1.0;

} // namespace

bool CaptureOnce::records(const Transport& transport, int samples, bool armed,
                          double now) noexcept UMTN_REALTIME {
  const unsigned armings = armings_;
  if (armings != armings_seen_) {
    armings_seen_ = armings;
    recorded_ = false;
    over_ = false;
  }
  const bool rolls = transport.rolling() && samples > 0;
  const bool elsewhere = rolls && transport.position != next_ && now - last_ > kQuiet;
  if (recorded_ && (!rolls || elsewhere)) {
    recorded_ = false;
    if (on_)
      over_ = true;
  }
  if (rolls) {
    next_ = transport.position + samples;
    last_ = now;
  }
  if (!armed || over())
    return false;
  recorded_ = recorded_ || rolls;
  return true;
}

} // namespace umtn::plugin
