// The audio thread allocates nothing, takes no lock, and calls no file or socket: a program of its
// own, in which support/forbidden_calls.cpp stands before the C library.
#include "core.hpp"
#include "support/fake_bridge.hpp"
#include "support/forbidden_calls.hpp"
#include "support/support.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <mutex>
#include <unistd.h>

namespace umtn::plugin::test {
namespace {

class PlayHead : public juce::AudioPlayHead {
public:
  Sample position = 0;
  bool playing = true;
  juce::Optional<PositionInfo> getPosition() const override {
    PositionInfo info;
    info.setTimeInSamples(position);
    info.setIsPlaying(playing);
    info.setBpm(120.0);
    info.setPpqPosition(static_cast<double>(position) / 24000.0);
    LoopPoints loop;
    loop.ppqStart = 0.0;
    loop.ppqEnd = 8.0;
    info.setLoopPoints(loop);
    return info;
  }
};

template <class Call>
long counted(Call call) {
  ForbiddenCalls::reset();
  {
    const ForbiddenCalls watch;
    call();
  }
  return ForbiddenCalls::count();
}

} // namespace

TEST_CASE("the watch sees what it shall see") {
  static void* volatile kept = nullptr;
  CHECK(counted([] {}) == 0);
  CHECK(counted([] {
          kept = std::malloc(10);
          std::free(kept);
        }) == 2);
  CHECK(counted([] {
          auto* const number = new int(1);
          kept = number;
          delete number;
        }) == 2);
  static std::mutex mutex;
  CHECK(counted([] { const std::lock_guard<std::mutex> lock(mutex); }) == 1);
  CHECK(counted([] { ::close(::open("/dev/null", O_RDONLY)); }) == 2);
  CHECK(counted([] { juce::File("/dev/null").createInputStream(); }) > 1);
  CHECK(counted([] { juce::DatagramSocket socket; }) > 1);
  CHECK(counted([] { juce::AudioBuffer<float> buffer(1, 100); }) > 0);
  CHECK(counted([] { std::this_thread::sleep_for(std::chrono::microseconds(1)); }) > 0);
}

TEST_CASE("a whole session: nothing forbidden on the audio thread") {
  TemporaryFolder folder;
  FakeBridge bridge(folder / "bridge.json", folder / "sessions", {});
  CoreOptions options;
  options.address_file = folder / "bridge.json";
  options.timing = {0.03, 0.05, 0.4, 0.02, 0.1, 0.1};
  options.settings = [] { return RenderSettings{"default", "flute", 1, 1.0f}; };
  Core core(options);
  core.prepare(48000.0, 8192, 2);

  PlayHead head;
  Random random(4);
  long calls = 0, blocks = 0;
  const double begin = steady_seconds();
  double sounded = 0.0;
  const auto step = [&](bool armed, bool trigger, PlayControls controls) {
    const int samples = random.block_size();
    auto audio = noise(random, 2, samples);
    calls += counted([&] {
      const Transport transport = read_transport(&head, 48000.0, false);
      core.observe(transport, samples, trigger);
      core.capture().process(audio, transport, armed);
      core.listen().process(audio, transport, controls);
    });
    INFO(ForbiddenCalls::last());
    REQUIRE(calls == 0);
    ++blocks;
    // As a live host does: one that hurries might be told to wait.
    sounded += samples / 48000.0;
    while (sounded > steady_seconds() - begin + 0.5)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (head.playing)
      head.position += samples;
  };
  const auto random_controls = [&] {
    PlayControls controls;
    controls.mix = random.chance(0.5) ? 1.0f : std::abs(random.sample());
    controls.audition = random.chance(0.2) ? Audition::source : Audition::result;
    controls.bypass = random.chance(0.1);
    return controls;
  };

  for (int round = 0; round < 4; ++round) {
    head.position = 0;
    for (int block = 0; block < 60; ++block) {
      if (random.chance(0.1))
        head.position = random.integer(0, 48000);
      head.playing = !random.chance(0.1);
      step(true, false, random_controls());
    }
    head.playing = true;
    step(true, true, {}); // render
    if (round == 1)
      core.set_audition(Audition::source);
    if (round == 2)
      core.prepare(48000.0, 8192, 2);
    // It plays on while the take is written, rendered, loaded and handed over.
    const auto finished = [&] {
      const auto takes = core.view().takes;
      return takes.size() == static_cast<std::size_t>(round) + 1 &&
             takes.back().state == TakeState::done;
    };
    REQUIRE(eventually([&] {
      for (int block = 0; block < 5; ++block)
        step(random.chance(0.5), false, random_controls());
      if (random.chance(0.1))
        head.position = 0;
      return finished();
    }));
    for (int block = 0; block < 60; ++block) {
      if (random.chance(0.2))
        head.position = random.integer(0, 48000);
      if (random.chance(0.1))
        core.next_rival(core.view().takes[0].id);
      step(false, false, random_controls());
    }
    // The host stands still, and the plugin plays.
    head.playing = false;
    core.listen().play();
    long heard = 0;
    const auto listened = [&] {
      auto controls = random_controls();
      controls.bypass = false;
      const double place = core.listen().position();
      step(false, false, controls);
      heard += core.listen().position() != place;
      return heard > 100;
    };
    CHECK(eventually([&] {
      const int what = random.integer(0, 20);
      if (what == 0 || !core.listen().playing())
        core.listen().play();
      if (what == 1)
        core.listen().locate(std::abs(random.sample()));
      if (what == 2)
        core.listen().loop(Place{{0, 30000}, 48000.0});
      if (what == 3)
        core.listen().loop({});
      if (what == 4 && !core.view().takes.empty())
        core.listen().play(core.view().takes[0].result);
      return listened();
    }));
    head.playing = true; // which ends it
    step(false, false, {});
    CHECK_FALSE(core.listen().playing());
  }
  MESSAGE(blocks, " blocks");
  CHECK(calls == 0);
}

} // namespace umtn::plugin::test
