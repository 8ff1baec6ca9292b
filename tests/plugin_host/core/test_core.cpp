#include "core.hpp"
#include "support/fake_bridge.hpp"
#include "support/support.hpp"

#include <doctest/doctest.h>

namespace umtn::plugin::test {
namespace {

constexpr BridgeTiming kHurry = {0.03, 0.05, 0.4, 0.02, 0.1, 0.1};
constexpr int kLength = 24000;

// A host with one track that says the same at the same place, and our plugin on it.
class Host {
public:
  explicit Host(const juce::File& address_file, int channels = 2, bool offline = false)
      : core(options(address_file)), channels_(channels) {
    transport_.rate = 48000.0;
    transport_.playing = transport_.has_position = true;
    transport_.offline_flag = offline;
  }

  void prepare(double rate = 48000.0) {
    transport_.rate = rate;
    core.prepare(rate, 1024, channels_);
  }

  static float input(int channel, Sample at) {
    return static_cast<float>((at * 37 + channel * 11) % 1000) / 1000.0f - 0.5f;
  }

  // Plays a range, and returns what came out.
  Audio play(Range range, bool capture, bool trigger_at_end = false) {
    Audio out(channels_, static_cast<int>(range.length()));
    Audio block(channels_, 0);
    for (Sample at = range.start; at < range.end;) {
      const int samples = static_cast<int>(std::min<Sample>(range.end - at, 333));
      block.setSize(channels_, samples, false, false, true);
      for (int channel = 0; channel < channels_; ++channel)
        for (int n = 0; n < samples; ++n)
          block.setSample(channel, n, input(channel, at + n));
      transport_.position = at;
      const bool last = at + samples >= range.end;
      core.observe(transport_, samples, trigger_at_end && last);
      core.capture().process(block, transport_, capture);
      core.player().process(block, transport_, controls);
      for (int channel = 0; channel < channels_; ++channel)
        out.copyFrom(channel, static_cast<int>(at - range.start), block, channel, 0, samples);
      at += samples;
    }
    return out;
  }

  void stop() {
    transport_.playing = false;
    Audio block(channels_, 64);
    core.observe(transport_, 64, false);
    core.player().process(block, transport_, controls);
    transport_.playing = true;
  }

  bool has(TakeState state, std::size_t count = 1) {
    return eventually([&] {
      const auto takes = core.view().takes;
      return takes.size() == count && takes.back().state == state;
    });
  }

  Core core;
  PlayControls controls;

private:
  static CoreOptions options(const juce::File& address_file) {
    CoreOptions options;
    options.timing = kHurry;
    options.address_file = address_file;
    options.settings = [] { return RenderSettings{"default", "flute", 1, 1.0f}; };
    return options;
  }
  int channels_;
  Transport transport_;
};

// The fake bridge turns sound upside down.
bool is_translated(const Audio& out, Range heard, Range place, int margin = 144) {
  for (int channel = 0; channel < out.getNumChannels(); ++channel)
    for (Sample at = std::max(heard.start, place.start + margin);
         at < std::min(heard.end, place.end - margin); ++at)
      if (out.getSample(channel, static_cast<int>(at - heard.start)) != -Host::input(channel, at))
        return false;
  return true;
}

bool is_input(const Audio& out, Range heard) {
  for (int channel = 0; channel < out.getNumChannels(); ++channel)
    for (Sample at = heard.start; at < heard.end; ++at)
      if (out.getSample(channel, static_cast<int>(at - heard.start)) != Host::input(channel, at))
        return false;
  return true;
}

constexpr Range kPlace = {1000, 1000 + kLength};
constexpr Range kAll = {0, 2000 + kLength};

} // namespace

TEST_CASE("what the bridge notes stays with a take to its end, and in the project") {
  TemporaryFolder folder;
  FakeBridge::Behaviour behaviour;
  behaviour.note = "All of it lies below.";
  behaviour.offer = "octave";
  FakeBridge bridge(folder / "bridge.json", folder / "sessions", behaviour);
  Host host(folder / "bridge.json"), reopened(folder / "bridge.json");
  host.prepare();
  host.play(kPlace, true);
  host.core.render();
  REQUIRE(host.has(TakeState::done));
  CHECK(host.core.view().takes[0].note == "All of it lies below.");
  CHECK(host.core.view().takes[0].offer == "octave");
  const auto saved = host.core.save({});
  REQUIRE(reopened.core.load(saved.getData(), saved.getSize()));
  CHECK(reopened.core.view().takes[0].note == "All of it lies below.");
  CHECK(reopened.core.view().takes[0].offer == "octave");
}

TEST_CASE("capture, render, play: the translation is heard at its place") {
  for (const int channels : {1, 2}) {
    TemporaryFolder folder;
    FakeBridge bridge(folder / "bridge.json", folder / "sessions", {});
    Host host(folder / "bridge.json", channels);
    host.prepare();
    CHECK(is_input(host.play(kPlace, true), kPlace));
    host.core.render();
    REQUIRE(host.has(TakeState::done));
    REQUIRE(eventually([&] { return is_translated(host.play(kAll, false), kAll, kPlace); }));

    const auto take = host.core.view().takes[0];
    CHECK(take.place == Place{kPlace, 48000.0});
    CHECK(take.source.isAChildOf(folder / "sessions"));
    CHECK(wav_info(take.source)->channels == channels);
    CHECK(is_input(*read_wav(take.source), kPlace));
  }
}

TEST_CASE("an offline render that triggers its own take, and waits for it in the next pass") {
  TemporaryFolder folder;
  FakeBridge::Behaviour slow;
  slow.render = 0.5;
  FakeBridge bridge(folder / "bridge.json", folder / "sessions", slow);
  Host host(folder / "bridge.json", 2, true);
  host.prepare();
  host.play(kPlace, true, true); // the trigger comes with the last block
  host.stop();
  CHECK(is_translated(host.play(kAll, false), kAll, kPlace));
}

TEST_CASE("a bounce does not wait for a bridge that is not there") {
  TemporaryFolder folder;
  Host host(folder / "bridge.json", 1, true);
  host.prepare();
  host.play(kPlace, true);
  host.core.render();
  REQUIRE(host.has(TakeState::queued));
  REQUIRE(eventually([&] { return host.core.view().connection.link == Link::absent; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const double before = steady_seconds();
  CHECK(is_input(host.play(kPlace, false), kPlace));
  CHECK(steady_seconds() - before < 5.0);
}

TEST_CASE("a reopened project plays at once, without a bridge, and where it was moved") {
  TemporaryFolder folder;
  juce::MemoryBlock saved;
  {
    FakeBridge bridge(folder / "bridge.json", folder / "sessions", {});
    Host host(folder / "bridge.json");
    host.prepare();
    host.core.set_session_folder(folder / "project/umtn");
    host.play(kPlace, true);
    host.core.render();
    REQUIRE(host.has(TakeState::done));
    State state;
    state.parameters["mix"] = 0.5f;
    saved = host.core.save(state);
    bridge.leave();
  }
  for (const bool state_first : {true, false}) {
    Host host(folder / "bridge.json", 2, true); // a bounce: live sound waits for nothing
    if (!state_first)
      host.prepare();
    const auto state = host.core.load(saved.getData(), saved.getSize());
    REQUIRE(state);
    CHECK(state->parameters.at("mix") == 0.5f);
    if (state_first)
      host.prepare();
    CHECK(is_translated(host.play(kAll, false), kAll, kPlace)); // from the first block
    CHECK(host.core.view().missing.empty());
  }

  REQUIRE((folder / "project").moveFileTo(folder / "elsewhere"));
  Host host(folder / "bridge.json");
  host.prepare();
  REQUIRE(host.core.load(saved.getData(), saved.getSize()));
  CHECK(host.core.view().missing.size() == 2);
  CHECK(is_input(host.play(kAll, false), kAll));
  host.core.locate(folder / "elsewhere");
  CHECK(eventually([&] { return host.core.view().missing.empty(); }));
  CHECK(eventually([&] { return is_translated(host.play(kAll, false), kAll, kPlace); }));

  CHECK_FALSE(host.core.load("garbage", 7));
  CHECK(host.core.view().takes.size() == 1);
}

TEST_CASE("after a change of the host's rate a take is at the same time, resampled") {
  TemporaryFolder folder;
  FakeBridge bridge(folder / "bridge.json", folder / "sessions", {});
  Host host(folder / "bridge.json", 1, true);
  host.prepare();
  host.play(kPlace, true);
  host.core.render();
  REQUIRE(host.has(TakeState::done));
  host.prepare(96000.0);
  const Range place = {2000, 2000 + 2 * kLength};
  const auto out = host.play({0, 4000 + 2 * kLength}, false);
  // Every other sample is one of the take's own, as far as the passband goes.
  const auto take = *read_wav(host.core.view().takes[0].result);
  double error = 0.0, power = 0.0;
  for (int n = 1000; n < kLength - 1000; ++n) {
    error += std::pow(
        out.getSample(0, static_cast<int>(place.start) + 2 * n) - take.getSample(0, n), 2.0);
    power += std::pow(take.getSample(0, n), 2.0);
  }
  CHECK(error < 0.05 * power); // a sawtooth reaches beyond it
  CHECK(out.getSample(0, 1000) == Host::input(0, 1000));
}

TEST_CASE("several takes of one place: the newest on top, A/B, mute, solo") {
  TemporaryFolder folder;
  FakeBridge bridge(folder / "bridge.json", folder / "sessions", {});
  Host host(folder / "bridge.json", 1);
  host.prepare();
  host.play(kPlace, true);
  host.core.render();
  REQUIRE(host.has(TakeState::done));
  const auto first = host.core.view().takes[0].id;
  host.core.render_again(first, {"default", "trumpet", 2, 1.0f});
  REQUIRE(host.has(TakeState::done, 2));
  auto takes = host.core.view().takes;
  CHECK(takes[1].settings.target == "trumpet");
  CHECK(takes[1].source == takes[0].source);
  host.core.next_rival(first);
  CHECK(host.core.view().takes.back().id == first);
  for (const Take& take : takes)
    host.core.mute(take.id, true);
  CHECK(eventually([&] { return is_input(host.play(kAll, false), kAll); }));
  host.core.solo(first);
  CHECK(eventually([&] { return is_translated(host.play(kAll, false), kAll, kPlace); }));
  host.core.remove(first);
  CHECK(eventually([&] { return is_input(host.play(kAll, false), kAll); }));
}

TEST_CASE("the source of a take can be heard in place of the result") {
  TemporaryFolder folder;
  FakeBridge bridge(folder / "bridge.json", folder / "sessions", {});
  Host host(folder / "bridge.json", 1);
  host.prepare();
  host.play(kPlace, true);
  host.core.render();
  REQUIRE(host.has(TakeState::done));
  host.core.set_audition(Audition::source);
  host.controls.audition = Audition::source;
  Audio silence(1, 1000);
  Transport transport;
  transport.rate = 48000.0;
  transport.playing = transport.has_position = true;
  transport.position = 5000;
  CHECK(eventually([&] {
    silence.clear();
    host.stop();
    host.core.player().process(silence, transport, host.controls);
    return silence.getSample(0, 500) == Host::input(0, 5500);
  }));
}

TEST_CASE("automatic rendering begins when the transport stops, or blocks cease") {
  TemporaryFolder folder;
  FakeBridge bridge(folder / "bridge.json", folder / "sessions", {});
  Host host(folder / "bridge.json", 1);
  host.core.set_auto_render(true);
  host.prepare();
  const auto played = [&](Range range) {
    host.play(range, true);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    host.play({range.end, range.end + 333}, true);
  };
  played({0, 9990});
  host.stop();
  REQUIRE(host.has(TakeState::done, 1));
  played({20000, 29990});
  REQUIRE(host.has(TakeState::done, 2));
  host.play({0, 333}, false); // nothing new is recorded
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  host.stop();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  CHECK(host.core.view().takes.size() == 2);
}

TEST_CASE("what cannot be rendered is said in a sentence") {
  TemporaryFolder folder;
  Host host(folder / "bridge.json", 1);
  host.prepare();
  const auto says = [&](const juce::String& words) {
    return eventually([&] { return host.core.view().message.contains(words); });
  };
  host.core.render();
  CHECK(says("no region"));
  host.play(kPlace, false);
  host.core.render();
  CHECK(says("Nothing was recorded"));
  host.core.render({kPlace, 48000.0}, {});
  CHECK(says("bridge"));
  CHECK(host.core.view().takes.empty());
}

TEST_CASE("a take is cancelled, and one under way is taken up again by a reopened project") {
  TemporaryFolder folder;
  FakeBridge::Behaviour slow;
  slow.render = 3600.0;
  FakeBridge bridge(folder / "bridge.json", folder / "sessions", slow);
  juce::MemoryBlock saved;
  {
    Host host(folder / "bridge.json", 1);
    host.prepare();
    host.play(kPlace, true);
    host.core.render();
    REQUIRE(host.has(TakeState::running));
    const auto first = host.core.view().takes[0];
    host.core.cancel(first.id);
    CHECK(host.core.view().takes[0].state == TakeState::cancelled);
    host.core.render_again(first.id, first.settings);
    REQUIRE(host.has(TakeState::running, 2));
    saved = host.core.save();
  }
  {
    const std::lock_guard<std::mutex> lock(bridge.store().mutex);
    for (auto& [id, job] : bridge.store().jobs)
      job.finished = 0.0;
  }
  Host host(folder / "bridge.json", 1);
  host.prepare();
  REQUIRE(host.core.load(saved.getData(), saved.getSize()));
  REQUIRE(host.has(TakeState::done, 2));
  CHECK(host.core.view().takes[0].state == TakeState::cancelled);
  const std::lock_guard<std::mutex> lock(bridge.store().mutex);
  CHECK(bridge.store().renders == 2);
}

TEST_CASE("an instrument that the model lacks is said, and is no other one") {
  TemporaryFolder folder;
  FakeBridge bridge(folder / "bridge.json", folder / "sessions", {});
  Host host(folder / "bridge.json", 1);
  host.prepare();
  host.play(kPlace, true);
  REQUIRE(eventually([&] { return !host.core.view().connection.models.empty(); }));
  const auto says = [&](const juce::String& words) {
    return eventually([&] { return host.core.view().message.contains(words); });
  };
  host.core.render({kPlace, 48000.0}, {"default", "kazoo"});
  CHECK(says("has no kazoo"));
  host.core.render({kPlace, 48000.0}, {"none such", "flute"});
  CHECK(says("no model none such"));
  host.core.render({kPlace, 48000.0}, {});
  CHECK(says("Choose an instrument"));
  host.core.render(juce::StringArray{"flute", "kazoo"});
  CHECK(says("has no kazoo"));
  CHECK(host.core.view().takes.empty());
}

TEST_CASE("several instruments, deleted, undone, and heard again") {
  TemporaryFolder folder;
  FakeBridge bridge(folder / "bridge.json", folder / "sessions", {});
  Host host(folder / "bridge.json", 1);
  host.prepare();
  host.play(kPlace, true);
  host.core.render(juce::StringArray{"flute", "trumpet"});
  REQUIRE(host.has(TakeState::done, 2));
  REQUIRE(eventually([&] { return is_translated(host.play(kAll, false), kAll, kPlace); }));
  const auto takes = host.core.view().takes;
  CHECK(takes[0].settings.target == "flute");
  CHECK(takes[1].settings.target == "trumpet");
  for (const Take& take : takes)
    host.core.remove(take.id);
  CHECK(host.core.view().undo == "Delete take");
  REQUIRE(eventually([&] { return is_input(host.play(kAll, false), kAll); }));
  host.core.undo();
  CHECK(host.core.view().redo == "Delete take");
  CHECK(host.core.view().takes.size() == 1);
  CHECK(eventually([&] { return is_translated(host.play(kAll, false), kAll, kPlace); }));
  host.core.rename(takes[1].id, "Chorus");
  CHECK(host.core.view().takes[0].name == "Chorus");
  CHECK(host.core.view().redo.isEmpty());
}

TEST_CASE(
    "clean-up leaves what a take, undo or a saved project needs, and says what it could not") {
  TemporaryFolder folder;
  FakeBridge bridge(folder / "bridge.json", folder / "sessions", {});
  Host host(folder / "bridge.json", 1);
  host.core.set_session_folder(folder / "sessions/mine");
  host.prepare();
  host.play(kPlace, true);
  host.core.render();
  REQUIRE(host.has(TakeState::done));
  const auto saved = host.core.save();
  const auto session = folder / "sessions/mine";
  const auto stray = session.getChildFile("take 0000000f flute.wav");
  stray.replaceWithText("sound");
  for (const auto& file : session.findChildFiles(juce::File::findFiles, false, "*.wav"))
    file.setLastModificationTime(juce::Time::getCurrentTime() - juce::RelativeTime::hours(1));
  const auto measured = [&](juce::int64 unused) {
    host.core.measure_disk();
    return eventually([&] {
      const auto disk = host.core.view().disk;
      return disk && disk->unused_bytes == unused;
    });
  };
  CHECK(measured(5));
  CHECK(host.core.view().disk->used_bytes > 3 * 4 * kLength); // recording, source and result
  host.core.remove(host.core.view().takes[0].id);
  CHECK(measured(5)); // it may come back
  {
    // The project in a copy of the track: its own files, until it is closed; and the list of what
    // was saved after that.
    Host copy(folder / "bridge.json", 1);
    copy.prepare();
    REQUIRE(copy.core.load(saved.getData(), saved.getSize()));
    CHECK(host.core.load("<umtn version='2'/>", 19));
    CHECK(measured(5));
  }
  CHECK(measured(5));

  REQUIRE(session.findChildFiles(juce::File::findFiles, false, ".used by *").size() >= 1);
  session.setReadOnly(true);
  host.core.clean_up();
  const bool root = session.hasWriteAccess(); // who may do everything
  if (!root)
    CHECK(eventually([&] { return host.core.view().message.contains("trash"); }));
  session.setReadOnly(false);
}

TEST_CASE("probing hosts: made and destroyed, with a few stray blocks, nothing is left behind") {
  TemporaryFolder folder;
  FakeBridge bridge(folder / "bridge.json", folder / "sessions", {});
  for (int n = 0; n < 3; ++n) {
    const Host unused(folder / "bridge.json");
    Host host(folder / "bridge.json");
    host.prepare();
    Audio audio(2, 512);
    Transport transport;
    for (int block = 0; block < 5; ++block) {
      host.core.observe(transport, 512, true); // a trigger that is on from the start
      host.core.capture().process(audio, transport, true);
      host.core.player().process(audio, transport, {});
    }
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  CHECK_FALSE((folder / "sessions").exists());
  CHECK(bridge.received("/umtn/render") == 0);
}

} // namespace umtn::plugin::test
