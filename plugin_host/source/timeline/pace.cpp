#include "pace.hpp"

#include <chrono>
#include <cmath>

namespace umtn::plugin {

double steady_seconds() noexcept UMTN_REALTIME {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void Pace::reset() noexcept UMTN_REALTIME {
  since_ = kNever;
  verdict_ = Verdict::unknown;
}

void Pace::observe(const Transport& transport, int samples, double now) noexcept UMTN_REALTIME {
  if (transport.offline_flag != flag_)
    reset();
  flag_ = transport.offline_flag;

  const bool pause = since_ != kNever && now - last_ > 1.0;
  if (since_ == kNever || pause) {
    since_ = now;
    sounded_ = 0.0;
  }
  last_ = now;

  const double elapsed = now - since_;
  if (sounded_ - elapsed > kAhead || elapsed >= kWindow) {
    judge(elapsed);
    since_ = now;
    sounded_ = 0.0;
  }
  if (transport.rate > 0.0)
    sounded_ += samples / transport.rate;
}

void Pace::judge(double elapsed) noexcept UMTN_REALTIME {
  if (sounded_ - elapsed > kAhead)
    verdict_ = Verdict::offline;
  else if (std::abs(sounded_ - elapsed) < 0.1 * elapsed)
    verdict_ = Verdict::live;
  else
    verdict_ = Verdict::unknown;
}

bool Pace::may_wait(const Transport& transport) const noexcept UMTN_REALTIME {
  return verdict_ == Verdict::offline || (transport.offline_flag && verdict_ != Verdict::live);
}

} // namespace umtn::plugin
