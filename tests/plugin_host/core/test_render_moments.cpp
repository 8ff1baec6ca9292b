#include "core/render_moments.hpp"
#include "support/recorded.hpp"

#include <doctest/doctest.h>

namespace umtn::plugin::test {
namespace {

struct Moments {
  Moments() {
    capture.set_folder(folder / "session");
    capture.prepare(48000.0, 480, 1);
  }
  void block(bool playing) {
    Transport transport;
    transport.rate = 48000.0;
    transport.playing = playing;
    transport.has_position = true;
    region.observe(transport, 480);
  }

  TemporaryFolder folder;
  std::atomic<unsigned> triggers{0};
  Region region;
  Capture capture;
  RenderMoments moments{triggers, region, capture};
};

} // namespace

TEST_CASE("triggers that come together are one, and each later one is one more") {
  Moments at;
  CHECK_FALSE(at.moments.triggered(0.0, false));
  at.triggers = 2;
  CHECK(at.moments.triggered(0.1, false));
  CHECK_FALSE(at.moments.triggered(0.2, false));
  at.triggers = 3;
  CHECK(at.moments.triggered(0.3, false));
}

TEST_CASE("a trigger is held for the bridge, but not for ever") {
  Moments at;
  CHECK_FALSE(at.moments.triggered(100.0, true));
  CHECK_FALSE(at.moments.held());
  at.triggers = 1;
  CHECK_FALSE(at.moments.triggered(101.0, true));
  CHECK(at.moments.held());
  CHECK(at.moments.triggered(102.0, false)); // it was found
  CHECK_FALSE(at.moments.held());

  CHECK_FALSE(at.moments.triggered(200.0, true));
  at.triggers = 2;
  CHECK_FALSE(at.moments.triggered(219.0, true));
  CHECK(at.moments.triggered(221.0, true)); // it was not
}

TEST_CASE("a recording ends where the transport stops, or blocks cease") {
  Moments at;
  at.moments.set_on_stop(true);
  at.block(true);
  CHECK_FALSE(at.moments.stopped(1.0));
  record(at.capture, {0, 4800});
  at.block(true);
  CHECK_FALSE(at.moments.stopped(1.1));
  at.block(false);
  CHECK(at.moments.stopped(1.2));
  CHECK_FALSE(at.moments.stopped(1.3)); // once

  at.block(true);
  CHECK_FALSE(at.moments.stopped(2.0));
  record(at.capture, {4800, 9600});
  CHECK_FALSE(at.moments.stopped(2.4));
  CHECK(at.moments.stopped(2.6)); // no block came
}

TEST_CASE("where nothing new was recorded, or nobody wants it, the end is none") {
  Moments at;
  for (const bool wanted : {false, true}) {
    at.moments.set_on_stop(wanted);
    at.block(true);
    CHECK_FALSE(at.moments.stopped(1.0));
    if (!wanted)
      record(at.capture, {0, 4800});
    at.block(false);
    CHECK_FALSE(at.moments.stopped(1.1));
  }
}

} // namespace umtn::plugin::test
