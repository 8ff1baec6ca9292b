#include "capture/capture_once.hpp"

#include <doctest/doctest.h>

namespace umtn::plugin::test {
namespace {

struct Host {
  bool block(bool rolls, bool armed = true) {
    Transport transport;
    transport.rate = 48000.0;
    transport.playing = rolls;
    transport.has_position = true;
    transport.position = position;
    const bool records = once.records(transport, 480, armed, now);
    if (rolls)
      position += 480;
    now += 0.01;
    return records;
  }
  CaptureOnce once;
  Sample position = 0;
  double now = 100.0;
};

} // namespace

TEST_CASE("told to record once, it records until the transport stops, loops and all") {
  Host host;
  host.once.set(true);
  host.once.arm(true);
  for (int n = 0; n < 20; ++n)
    CHECK(host.block(false)); // armed, and nothing to record yet
  CHECK_FALSE(host.once.over());
  for (int n = 0; n < 100; ++n) {
    if (n % 10 == 0)
      host.position = 4800; // a loop
    CHECK(host.block(true));
  }
  CHECK_FALSE(host.once.over());
  host.block(false);
  CHECK(host.once.over());
  // Also where nobody turns the parameter off.
  for (int n = 0; n < 20; ++n)
    CHECK_FALSE(host.block(true));
  CHECK(host.once.over());
}

TEST_CASE("it records again once it has been armed anew, in whatever moment") {
  Host host;
  host.once.set(true);
  host.once.arm(true);
  host.block(true);
  host.block(false);
  CHECK_FALSE(host.block(true));
  host.once.arm(true); // the same again is no new arming
  CHECK_FALSE(host.block(true));
  host.once.arm(false); // no block sees this
  host.once.arm(true);
  CHECK(host.block(true));
  CHECK_FALSE(host.once.over());
}

TEST_CASE("a pass without capture, and one that is not told so, ends nothing") {
  Host host;
  host.once.set(true);
  host.block(true, false);
  host.block(false, false);
  CHECK_FALSE(host.once.over());

  host.once.set(false);
  host.once.arm(true);
  host.block(true);
  host.block(false);
  CHECK_FALSE(host.once.over());
  CHECK(host.block(true));
  // Told so in the midst of a pass: this is the one.
  host.once.set(true);
  CHECK(host.block(true));
  host.block(false);
  CHECK(host.once.over());
  host.once.set(false);
  CHECK(host.block(true));
}

TEST_CASE("a host that sends no blocks while it stands still has stopped too") {
  Host host;
  host.once.set(true);
  host.once.arm(true);
  host.block(true);
  host.now += 30.0; // a slow bounce, which goes on where it was
  CHECK(host.block(true));
  host.now += 30.0;
  host.position = 0;
  CHECK_FALSE(host.block(true));
  CHECK(host.once.over());
}

} // namespace umtn::plugin::test
