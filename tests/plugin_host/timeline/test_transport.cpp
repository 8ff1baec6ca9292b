#include "support/play_head.hpp"
#include "timeline/pace.hpp"
#include "timeline/published.hpp"
#include "timeline/region.hpp"
#include "timeline/transport.hpp"

#include <doctest/doctest.h>
#include <thread>

namespace umtn::plugin::test {
namespace {

Transport rolling_at(Sample position, double rate = 48000.0) {
  Transport transport;
  transport.rate = rate;
  transport.playing = transport.has_position = true;
  transport.position = position;
  return transport;
}

} // namespace

TEST_CASE("a play head that says nothing gives no position") {
  CHECK_FALSE(read_transport(nullptr, 48000.0, false).has_position);
  PlayHead head;
  CHECK_FALSE(read_transport(&head, 48000.0, false).rolling());
  head.position = Position();
  head.position->setIsPlaying(true);
  CHECK_FALSE(read_transport(&head, 48000.0, false).rolling());
}

TEST_CASE("a play head's samples count, else its seconds") {
  PlayHead head;
  head.position = Position();
  head.position->setIsPlaying(true);
  head.position->setTimeInSeconds(2.0);
  CHECK(read_transport(&head, 44100.0, false).position == 88200);
  head.position->setTimeInSamples(777);
  const auto transport = read_transport(&head, 44100.0, true);
  CHECK(transport.position == 777);
  CHECK(transport.rolling());
  CHECK(transport.offline_flag);
  CHECK_FALSE(transport.has_loop);
}

TEST_CASE("a loop in quarter notes becomes samples") {
  PlayHead head;
  head.position = Position();
  head.position->setTimeInSamples(48000);
  head.position->setBpm(120.0);
  head.position->setPpqPosition(2.0);
  juce::AudioPlayHead::LoopPoints loop;
  loop.ppqStart = 4.0;
  loop.ppqEnd = 8.0;
  head.position->setLoopPoints(loop);
  const auto transport = read_transport(&head, 48000.0, false);
  REQUIRE(transport.has_loop);
  CHECK(transport.loop == Range{96000, 192000});
}

TEST_CASE("bars and beats are the host's, or follow from its time signature") {
  PlayHead head;
  head.position = Position();
  head.position->setTimeInSamples(0);
  head.position->setBpm(90.0);
  CHECK_FALSE(read_transport(&head, 48000.0, false).has_beats); // a tempo alone has no place
  head.position->setPpqPosition(7.5);
  head.position->setTimeSignature(juce::AudioPlayHead::TimeSignature{6, 8});
  auto transport = read_transport(&head, 48000.0, false);
  REQUIRE(transport.has_beats);
  CHECK(transport.bpm == 90.0);
  CHECK(transport.quarter == 7.5);
  CHECK(transport.bar_quarter == 6.0);
  CHECK(transport.beats_in_bar == 6);
  CHECK(transport.beat_unit == 8);
  head.position->setPpqPositionOfLastBarStart(5.0);
  CHECK(read_transport(&head, 48000.0, false).bar_quarter == 5.0);
  head.position->setTimeSignature(juce::AudioPlayHead::TimeSignature{0, 0});
  transport = read_transport(&head, 48000.0, false);
  CHECK(transport.beats_in_bar == 4);
  CHECK(transport.beat_unit == 4);
}

TEST_CASE("one's own transport plays, stops and goes where it is told") {
  OwnTransport own;
  CHECK_FALSE(own.advance(48000.0, 64).rolling());
  own.locate(1000);
  own.play();
  CHECK(own.advance(48000.0, 64).position == 1000);
  CHECK(own.advance(48000.0, 64).position == 1064);
  own.stop();
  CHECK(own.advance(48000.0, 64).position == 1128);
  CHECK(own.advance(48000.0, 64).position == 1128);
}

TEST_CASE("the region is what was played last; a loop belongs to it, a jump begins anew") {
  Region region;
  CHECK_FALSE(region.current());
  region.observe(rolling_at(10000), 5000);
  region.observe(rolling_at(15000), 5000);
  CHECK(region.current()->range == Range{10000, 20000});
  region.observe(rolling_at(12000), 5000); // back into it
  CHECK(region.current()->range == Range{10000, 20000});
  Transport stopped = rolling_at(17000);
  stopped.playing = false;
  region.observe(stopped, 5000);
  CHECK(region.current()->range == Range{10000, 20000});
  region.observe(rolling_at(15000), 1000); // another roll
  CHECK(region.current()->range == Range{15000, 16000});
  region.observe(rolling_at(100000), 1000);
  CHECK(region.current()->range == Range{100000, 101000});
  CHECK(region.transport().position == 101000);
}

TEST_CASE("a dragged region and the host's loop are regions when chosen") {
  Region region;
  region.observe(rolling_at(0), 10);
  region.drag({{500, 900}, 44100.0});
  CHECK(region.current()->range == Range{500, 900});
  CHECK(region.current()->rate == 44100.0);
  region.choose(RegionSource::loop);
  CHECK_FALSE(region.current());
  Transport looping = rolling_at(10);
  looping.has_loop = true;
  looping.loop = {0, 96000};
  region.observe(looping, 10);
  CHECK(region.current()->range == Range{0, 96000});
}

TEST_CASE("pace: live blocks are live, fast ones offline, whatever the flag") {
  for (const bool flag : {false, true}) {
    Transport transport = rolling_at(0);
    transport.offline_flag = flag;
    Pace live, fast, slow;
    for (int block = 0; block < 2000; ++block) {
      const double sounded = block * 512 / 48000.0;
      live.observe(transport, 512, 100.0 + sounded + (block % 3) * 0.002);
      fast.observe(transport, 512, 100.0 + sounded / 50.0);
      slow.observe(transport, 512, 100.0 + sounded * 3.0);
    }
    CHECK(live.verdict() == Pace::Verdict::live);
    CHECK_FALSE(live.may_wait(transport));
    CHECK(fast.verdict() == Pace::Verdict::offline);
    CHECK(fast.may_wait(transport));
    // Slower than it sounds can be either; then it is the flag that counts.
    CHECK(slow.verdict() == Pace::Verdict::unknown);
    CHECK(slow.may_wait(transport) == flag);
  }
}

TEST_CASE("pace: a flag that changes begins a new judgement") {
  Transport transport = rolling_at(0);
  Pace pace;
  for (int block = 0; block < 1000; ++block)
    pace.observe(transport, 512, block * 512 / 48000.0);
  CHECK_FALSE(pace.may_wait(transport));
  transport.offline_flag = true;
  pace.observe(transport, 512, 11.0);
  CHECK(pace.may_wait(transport));
}

TEST_CASE("what is published is read whole") {
  struct Pair {
    std::int64_t a = 0, b = 0, c = 0;
  };
  Published<Pair> published;
  std::atomic<bool> ending{false};
  std::thread writer([&] {
    for (std::int64_t n = 1; !ending; ++n)
      published.write({n, 2 * n, 3 * n});
  });
  for (int round = 0; round < 20000; ++round) {
    const Pair pair = published.read();
    REQUIRE(pair.b == 2 * pair.a);
    REQUIRE(pair.c == 3 * pair.a);
  }
  ending = true;
  writer.join();
}

} // namespace umtn::plugin::test
