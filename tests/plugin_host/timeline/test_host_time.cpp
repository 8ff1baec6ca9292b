#include "support/play_head.hpp"
#include "support/support.hpp"
#include "timeline/host_time.hpp"
#include "timeline/region.hpp"

#include <doctest/doctest.h>

namespace umtn::plugin::test {
namespace {

constexpr double kRate = 48000.0;

// A host and the plugin's idea of its time.
struct Host {
  explicit Host(bool told_on_change) : time(told_on_change) {}
  Transport block(int samples) { return time.next(&head, kRate, false, samples); }
  Transport silent_block(int samples) {
    head.position = {};
    return block(samples);
  }
  PlayHead head;
  HostTime time;
};

void set_beats(PlayHead& head, double bpm, double quarter) {
  head.position->setBpm(bpm);
  head.position->setPpqPosition(quarter);
  head.position->setTimeSignature(juce::AudioPlayHead::TimeSignature{3, 4});
}

} // namespace

TEST_CASE("told on change: time counts on from what was said last, until something else is") {
  Host host(true);
  CHECK_FALSE(host.silent_block(64).has_position); // never told: nowhere
  host.head.tell(1000, false);
  CHECK_FALSE(host.block(64).rolling());
  CHECK(host.silent_block(64).position == 1000); // stopped, it stays
  host.head.tell(1000, true);
  Sample expected = 1000;
  CHECK(host.block(64).position == expected);
  expected += 64;
  Random random(3);
  for (int n = 0; n < 1000; ++n) {
    const int samples = random.chance(0.05) ? 0 : random.block_size();
    const auto now = host.silent_block(samples);
    REQUIRE(now.rolling());
    REQUIRE(now.position == expected);
    expected += samples;
  }
  host.head.tell(200000, true); // a seek, while it rolls
  CHECK(host.block(512).position == 200000);
  CHECK(host.silent_block(512).position == 200512);
  host.head.tell(100000, true); // and back
  CHECK(host.block(512).position == 100000);
  CHECK(host.silent_block(512).position == 100512);
  host.head.tell(101024, false);
  CHECK_FALSE(host.block(512).rolling());
  for (int n = 0; n < 10; ++n) {
    const auto now = host.silent_block(512);
    CHECK_FALSE(now.rolling());
    CHECK(now.position == 101024);
  }
}

TEST_CASE("told on change: beats count on too, and a new tempo within a block moves nothing") {
  Host host(true);
  host.head.tell(0, true);
  set_beats(host.head, 120.0, 0.0);
  host.block(24000);
  auto now = host.silent_block(24000);
  CHECK(now.quarter == doctest::Approx(1.0));
  CHECK(now.bar_quarter == 0.0);
  for (int n = 0; n < 3; ++n)
    now = host.silent_block(24000);
  CHECK(now.quarter == doctest::Approx(4.0));
  CHECK(now.bar_quarter == doctest::Approx(3.0));
  // 6000 samples into the next block it turns to half the tempo.
  host.head.tell(126000, true);
  set_beats(host.head, 60.0, 5.25);
  now = host.block(24000);
  CHECK(now.position == 120000);
  CHECK(now.bpm == 60.0);
  now = host.silent_block(24000);
  CHECK(now.position == 144000);
  CHECK(now.quarter == doctest::Approx(5.25 + 18000.0 / 48000.0));
}

TEST_CASE("told on change: a tempo alone does not stop it, a stop alone does") {
  Host host(true);
  host.head.tell(0, true);
  host.block(480);
  host.head.position = Position();
  host.head.position->setBpm(90.0);
  CHECK(host.block(480).rolling());
  CHECK(host.silent_block(480).position == 960);
  CHECK(host.silent_block(480).bpm == 90.0);
  host.head.position = Position(); // speed 0 and nothing else
  const auto now = host.block(480);
  CHECK_FALSE(now.rolling());
  CHECK(now.position == 1920);
}

TEST_CASE("told on change: one that says it in every block is believed in every block") {
  Host host(true);
  for (const Sample at : {0, 512, 1024, 1536, 9000, 9512}) {
    host.head.tell(at, true);
    CHECK(host.block(512).position == at);
  }
}

TEST_CASE("told on change: another sample rate keeps the moment") {
  HostTime time(true);
  PlayHead head;
  head.tell(48000, false);
  time.next(&head, 48000.0, false, 512);
  head.position = {};
  CHECK(time.next(&head, 96000.0, false, 512).position == 96000);
}

TEST_CASE("told in each block: where nothing is said, it is nowhere") {
  Host host(false);
  host.head.tell(1000, true);
  CHECK(host.block(64).position == 1000);
  CHECK_FALSE(host.silent_block(64).has_position);
}

TEST_CASE("a position that is a few samples off goes on from the block before") {
  for (const bool told_on_change : {false, true}) {
    Host host(told_on_change);
    Region region;
    Random random(7);
    Sample position = 0;
    int wrong = 0;
    for (int block = 0; position < 480000; ++block) {
      const int samples = std::min<int>(512, static_cast<int>(480000 - position));
      host.head.tell(position + (block == 0 ? 0 : random.integer(-1, 1)), true);
      const auto now = host.block(samples);
      wrong += now.position != position;
      region.observe(now, samples);
      position += samples;
    }
    CHECK(wrong == 0);
    CHECK(region.current()->range == Range{0, 480000});
  }
}

TEST_CASE("the region does not mind jitter that it is told itself") {
  Region region;
  for (int block = 0; block < 937; ++block) {
    Transport transport;
    transport.rate = kRate;
    transport.playing = transport.has_position = true;
    transport.position = block * 512 + block % 2;
    region.observe(transport, 512);
  }
  CHECK(region.current()->range == Range{0, 937 * 512});
}

TEST_CASE("a host whose clock runs away is believed once it is milliseconds off") {
  Host host(false);
  Sample told = 0, worst = 0;
  for (int block = 0; block < 5000; ++block, told += 513) {
    host.head.tell(told, true);
    worst = std::max<Sample>(worst, std::abs(host.block(512).position - told));
  }
  CHECK(worst > 0);
  CHECK(worst <= 240);
}

TEST_CASE("a position that stands still does, and a loop and a seek are where they are told") {
  Host host(false);
  for (const int samples : {64, 512, 8192})
    for (int block = 0; block < 20; ++block) {
      host.head.tell(0, true);
      CHECK(host.block(samples).position == 0);
    }
  host.head.tell(100000, true);
  CHECK(host.block(512).position == 100000);
  host.head.tell(52000, true);
  CHECK(host.block(512).position == 52000);
  host.head.tell(52513, false); // stopped, it is where it says
  CHECK(host.block(512).position == 52513);
  host.head.tell(52514, true); // and a new roll begins where it says
  CHECK(host.block(512).position == 52514);
}

} // namespace umtn::plugin::test
