// A recording without a host.
#pragma once

#include "capture/capture.hpp"
#include "support/support.hpp"

namespace umtn::plugin::test {

// Plays a range of noise into the capture, which is armed.
inline void record(Capture& capture, Range range, double rate = 48000.0, int channels = 1) {
  Random random(1);
  Transport transport;
  transport.rate = rate;
  transport.playing = transport.has_position = true;
  for (Sample at = range.start; at < range.end;) {
    const int samples = static_cast<int>(std::min<Sample>(range.end - at, 480));
    transport.position = at;
    capture.process(noise(random, channels, samples), transport, true);
    at += samples;
  }
  capture.flush();
}

} // namespace umtn::plugin::test
