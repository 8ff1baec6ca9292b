#include "render_moments.hpp"

namespace umtn::plugin {
namespace {

constexpr double kBridgeWait = 20.0; // seconds that a trigger is held for it
constexpr double kQuietHost = 0.5;   // seconds without blocks, after which the host has stopped

} // namespace

bool RenderMoments::triggered(double now, bool bridge_unknown) {
  const unsigned triggers = triggers_;
  if (triggers == triggers_handled_) {
    held_since_ = now;
    held_ = false;
    return false;
  }
  held_ = now - held_since_ < kBridgeWait && bridge_unknown;
  if (held_)
    return false;
  triggers_handled_ = triggers; // once: two within a moment mean the same region
  return true;
}

bool RenderMoments::stopped(double now) {
  const auto blocks = region_.blocks();
  if (blocks != blocks_)
    blocks_at_ = now;
  blocks_ = blocks;
  const auto version = capture_.report().version;
  const bool rolling = region_.transport().rolling() && now - blocks_at_ < kQuietHost;
  if (rolling && !rolling_)
    version_before_roll_ = version;
  const bool stopped = !rolling && rolling_;
  rolling_ = rolling;
  if (!stopped || !on_stop_)
    return false;
  capture_.flush();
  return capture_.report().version != version_before_roll_;
}

} // namespace umtn::plugin
