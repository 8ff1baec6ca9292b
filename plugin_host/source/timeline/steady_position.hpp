// Where blocks lie that a host places almost, but not exactly, one after another.
#pragma once

#include "transport.hpp"

namespace umtn::plugin {

// Hosts round: a block that begins within a few milliseconds of the end of the one before goes on
// from there. The error does not add up: the place is what the host said when it began to roll or
// last jumped, and once it is further off than that, the host is believed again.
class SteadyPosition {
public:
  // The block's transport, moved to where it lies. Every block, on the audio thread.
  Transport follow(Transport transport, int samples) noexcept UMTN_REALTIME;

private:
  bool rolling_ = false;
  double rate_ = 0.0;
  Sample told_ = 0, expected_ = 0;
  int samples_ = 0; // of the block before
};

} // namespace umtn::plugin
