// What a host calls returns at once, however long a take is being loaded, and its bounce is whole.
#include "core.hpp"
#include "support/fake_bridge.hpp"
#include "support/support.hpp"

#include <cmath>
#include <doctest/doctest.h>

namespace umtn::plugin::test {
namespace {

constexpr double kTakeRate = 44100.0, kHostRate = 48000.0;
// Sanitizers check every step, and take their time.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kTenMinutes = 30;
constexpr double kSlower = 20.0;
#else
constexpr int kTenMinutes = 600;
constexpr double kSlower = 1.0;
#endif
constexpr double kRadians = 6.283185307179586 * 50.0; // of its tone, a second

// A project with one take, at another rate than the host's.
struct Project {
  explicit Project(int seconds) {
    Take take;
    take.id = "long";
    take.place = {{0, static_cast<Sample>(seconds * kTakeRate)}, kTakeRate};
    take.state = TakeState::done;
    take.result = take.source = folder / "long.wav";
    const auto writer = WavWriter::create(take.result, kTakeRate, 2, 0);
    Audio second(2, static_cast<int>(kTakeRate)); // of which each is like the other
    for (int n = 0; n < second.getNumSamples(); ++n)
      for (int channel = 0; channel < 2; ++channel)
        second.setSample(channel, n, static_cast<float>(std::sin(kRadians * n / kTakeRate)));
    for (int n = 0; n < seconds; ++n)
      writer->write(second.getArrayOfReadPointers(), second.getNumSamples());
    State state;
    state.session_folder = folder.file();
    state.takes.add(take);
    state.captured.record({take.place, take.source, 0, 2}); // it is what was recorded, too
    data = save_state(state);
  }

  CoreOptions options() const {
    CoreOptions options;
    options.address_file = folder / "no bridge.json";
    return options;
  }

  TemporaryFolder folder;
  juce::MemoryBlock data;
};

template <class Call>
double seconds_of(Call call) {
  const double before = steady_seconds();
  call();
  return steady_seconds() - before;
}

} // namespace

TEST_CASE("while ten minutes at another rate are loaded, no call of a host waits for them") {
  const Project project(kTenMinutes);
  double prepare = 1e9, load = 1e9, save = 1e9, destroy = 1e9;
  // The quickest of several tries: what else the machine does is none of its business.
  for (int n = 0; n < 4; ++n) {
    auto core = std::make_unique<Core>(project.options());
    core->prepare(kHostRate, 512, 2);
    load = std::min(
        load, seconds_of([&] { core->load(project.data.getData(), project.data.getSize()); }));
    for (const double rate : {96000.0, kHostRate})
      prepare = std::min(prepare, seconds_of([&] { core->prepare(rate, 512, 2); }));
    save = std::min(save, seconds_of([&] { core->save(); }));
    std::this_thread::sleep_for(std::chrono::milliseconds(200)); // in the midst of it
    destroy = std::min(destroy, seconds_of([&] { core.reset(); }));
  }
  MESSAGE("prepare " << prepare << " s, load " << load << " s, save " << save << " s, destroy "
                     << destroy << " s");
  CHECK(prepare < 0.05 * kSlower);
  CHECK(load < 0.05 * kSlower);
  CHECK(save < 0.05 * kSlower);
  CHECK(destroy < 0.1 * kSlower);
}

TEST_CASE("the plugin is gone at once, whatever it has loaded or is writing") {
  const Project project(kTenMinutes);
  double loaded = 1e9, writing = 1e9;
  for (int n = 0; n < 4; ++n) {
    FakeBridge bridge(project.folder / "bridge.json", project.folder.file(), {});
    CoreOptions options;
    options.address_file = project.folder / "bridge.json";
    auto core = std::make_unique<Core>(options);
    core->prepare(kHostRate, 512, 2);
    REQUIRE(core->load(project.data.getData(), project.data.getSize()));
    REQUIRE(eventually([&] {
      return core->view().connection.connected() && core->view().takes[0].message.isEmpty();
    }));
    Transport transport;
    transport.rate = kHostRate;
    transport.playing = transport.has_position = transport.offline_flag = true;
    Audio block(2, 512);
    core->player().process(block, transport, {}); // waits until it is loaded
    if (n % 2 == 0) {
      loaded = std::min(loaded, seconds_of([&] { core.reset(); }));
      continue;
    }
    // The recording, which has to be resampled on its way into the take.
    core->render({{0, static_cast<Sample>(kTenMinutes * kHostRate)}, kHostRate},
                 {"default", "flute"});
    REQUIRE(eventually([&] { return core->view().takes.size() == 2; }));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    CHECK(core->view().takes[1].message.isNotEmpty()); // still
    CHECK_FALSE(core->view().takes[1].source.existsAsFile());
    CHECK(seconds_of([&] { core->prepare(kHostRate, 512, 2); }) < 0.5 * kSlower);
    writing = std::min(writing, seconds_of([&] { core.reset(); }));
  }
  MESSAGE("loaded " << loaded << " s, writing " << writing << " s");
  CHECK(loaded < 0.1 * kSlower);
  CHECK(writing < 0.1 * kSlower);
}

TEST_CASE("a bounce right after a project was opened has all of a take of ten minutes") {
  for (const auto audition : {Audition::result, Audition::source}) {
    const int seconds = audition == Audition::result ? kTenMinutes : kTenMinutes / 10;
    const Project project(seconds);
    Core core(project.options());
    PlayControls controls;
    controls.audition = audition;
    core.prepare(kTakeRate, 4096, 2); // as hosts do that ask before they know
    REQUIRE(core.load(project.data.getData(), project.data.getSize()));
    core.prepare(kHostRate, 4096, 2);

    Transport transport;
    transport.rate = kHostRate;
    transport.playing = transport.has_position = transport.offline_flag = true;
    Audio block(2, 4096);
    const auto end = static_cast<Sample>(seconds * kHostRate) - 1000;
    Sample wrong = 0;
    for (; transport.position + block.getNumSamples() < end;
         transport.position += block.getNumSamples()) {
      block.clear();
      core.set_audition(audition);
      core.player().process(block, transport, controls);
      for (int n = 0; n < block.getNumSamples(); n += 61) {
        const auto at = transport.position + n;
        const double wanted = std::sin(kRadians * static_cast<double>(at) / kHostRate);
        wrong += at > 1000 && std::abs(block.getSample(n % 2, n) - wanted) > 1e-4;
      }
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("a rate that changes while a take is loaded: an offline render waits for the new one") {
  const Project project(kTenMinutes / 10);
  Core core(project.options());
  core.prepare(kTakeRate, 512, 2);
  REQUIRE(core.load(project.data.getData(), project.data.getSize()));
  Transport transport;
  transport.playing = transport.has_position = transport.offline_flag = true;
  transport.position = 100000;
  for (const double rate : {96000.0, 48000.0, 88200.0, 44100.0, 96000.0}) {
    core.prepare(rate, 512, 2);
    transport.rate = rate;
    Audio block(2, 512);
    block.clear();
    core.player().process(block, transport, {});
    const double wanted = std::sin(kRadians * 100100.0 / rate);
    CHECK(std::abs(block.getSample(0, 100) - wanted) < 1e-4);
  }
}

TEST_CASE("an offline render waits for the new rate even where the core is busy with a recording") {
  const Project project(kTenMinutes);
  Core core(project.options());
  core.prepare(kTakeRate, 512, 2);
  REQUIRE(core.load(project.data.getData(), project.data.getSize()));
  Transport transport;
  transport.rate = kTakeRate;
  transport.playing = transport.has_position = transport.offline_flag = true;
  transport.position = 100000;
  Audio block(2, 512);
  core.player().process(block, transport, {}); // it is loaded
  REQUIRE(eventually([&] { return core.view().connection.link == Link::absent; }));
  core.render({{0, static_cast<Sample>(kTenMinutes * kHostRate)}, kHostRate}, {"default", "flute"});
  REQUIRE(eventually([&] { return core.view().takes.size() == 2; }));
  core.prepare(kHostRate, 512, 2);
  CHECK_FALSE(core.view().takes[1].source.existsAsFile()); // the thread writes it
  transport.rate = kHostRate;
  block.clear();
  core.player().process(block, transport, {});
  CHECK(std::abs(block.getSample(0, 100) - std::sin(kRadians * 100100.0 / kHostRate)) < 1e-4);
}

TEST_CASE("what was loaded is kept: the same rate again does not read it again") {
  const Project project(kTenMinutes);
  Core core(project.options());
  core.prepare(kHostRate, 4096, 2);
  REQUIRE(core.load(project.data.getData(), project.data.getSize()));
  Transport transport;
  transport.rate = kHostRate;
  transport.playing = transport.has_position = true;
  transport.position = 10000;
  const auto sounds = [&] {
    Audio block(2, 64);
    block.clear();
    core.player().process(block, transport, {});
    return block.getMagnitude(0, 64) > 0.0f;
  };
  const double took = seconds_of([&] { REQUIRE(eventually(sounds)); });
  MESSAGE("loaded in " << took << " s");
  REQUIRE((project.folder / "long.wav").deleteFile()); // nothing to read it from
  for (int n = 0; n < 3; ++n) {
    core.prepare(kHostRate, 4096, 2);
    REQUIRE(sounds());
  }
}

} // namespace umtn::plugin::test
