// Capture that disarms itself after one pass.
#pragma once

#include "../timeline/transport.hpp"

#include <atomic>

namespace umtn::plugin {

// A pass lasts from the first armed block that rolls until the transport stops; rounds of a loop
// are one. The host's parameter can only be set on another thread, so what is over is over at once
// here, and stays it until somebody arms anew, even where nobody ever sets the parameter.
class CaptureOnce {
public:
  // Any thread.
  void set(bool on) {
    on_ = on;
    over_ = false;
  }
  bool on() const { return on_; }
  // The parameter's value, each time it is set; also on the audio thread.
  void arm(bool armed) noexcept UMTN_REALTIME {
    if (!armed_.exchange(armed) && armed)
      ++armings_;
  }
  // Whether the parameter is to be turned off.
  bool over() const { return on_ && over_; }

  // The audio thread, every block, which begins now in the steady clock's seconds: whether it is to
  // be recorded.
  bool records(const Transport& transport, int samples, bool armed,
               double now) noexcept UMTN_REALTIME;

private:
  std::atomic<bool> on_{false}, over_{false}, armed_{false};
  std::atomic<unsigned> armings_{0};

  // The audio thread's.
  unsigned armings_seen_ = 0;
  bool recorded_ = false; // in this pass
  Sample next_ = 0;       // where it goes on without a jump
  double last_ = 0.0;     // when the last block rolled
};

} // namespace umtn::plugin
