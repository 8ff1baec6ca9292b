// When to render: the host's trigger, and the end of a recording.
#pragma once

#include "../capture/capture.hpp"
#include "../timeline/region.hpp"

#include <atomic>

namespace umtn::plugin {

// The core's thread asks both questions in each of its rounds, with the steady clock's seconds.
class RenderMoments {
public:
  RenderMoments(const std::atomic<unsigned>& triggers, const Region& region, Capture& capture)
      : triggers_(triggers), region_(region), capture_(capture) {}

  // Any thread. A take as soon as the transport stops after something new was recorded.
  void set_on_stop(bool on) { on_stop_ = on; }

  // Whether the region is to be rendered now because the host's trigger came. It is held while
  // nobody knows the bridge: a host that bounces as soon as it has opened a project triggers before
  // the bridge has been found, and with it the instruments.
  bool triggered(double now, bool bridge_unknown);
  bool held() const { return held_; }
  // Whether it is because the transport has stopped, or blocks have ceased.
  bool stopped(double now);

private:
  const std::atomic<unsigned>& triggers_;
  const Region& region_;
  Capture& capture_;
  std::atomic<bool> on_stop_{false};

  unsigned triggers_handled_ = 0;
  double held_since_ = 0.0;
  bool held_ = false;

  bool rolling_ = false;
  juce::uint64 version_before_roll_ = 0;
  std::uint64_t blocks_ = 0;
  double blocks_at_ = 0.0;
};

} // namespace umtn::plugin
