#include "capture/capture.hpp"
#include "support/support.hpp"

#include <doctest/doctest.h>
#include <map>

#if JUCE_LINUX || JUCE_MAC
#include <csignal>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace umtn::plugin::test {
namespace {

// What was recorded, sample by sample.
using Model = std::map<Sample, std::vector<float>>;

// A host that rolls, stops, loops and jumps.
class Session {
public:
  Session(unsigned seed, double rate, int channels, const juce::File& folder)
      : random_(seed), channels_(channels) {
    transport_.rate = rate;
    transport_.has_position = true;
    capture_.set_folder(folder);
    capture_.prepare(rate, 8192, channels);
  }

  void play(int blocks) {
    for (int block = 0; block < blocks; ++block) {
      if (random_.chance(0.15))
        transport_.playing = !transport_.playing;
      if (random_.chance(0.1))
        jump();
      if (random_.chance(0.1))
        armed_ = !armed_;
      transport_.has_position = !random_.chance(0.03);
      step(random_.block_size());
    }
    capture_.flush();
  }

  const Model& model() const { return model_; }
  Capture& capture() { return capture_; }

private:
  // Not to where it would have been taken for jitter.
  void jump() {
    const Sample before = transport_.position;
    while (std::abs(transport_.position - before) <= transport_.rate / 200.0)
      transport_.position = random_.integer(-2000, 60000);
  }

  void step(int samples) {
    const auto input = noise(random_, channels_, samples);
    capture_.process(input, transport_, armed_);
    if (armed_ && transport_.rolling())
      for (int n = 0; n < samples; ++n) {
        auto& frame = model_[transport_.position + n];
        frame.clear();
        for (int channel = 0; channel < channels_; ++channel)
          frame.push_back(input.getSample(channel, n));
      }
    if (transport_.playing)
      transport_.position += samples;
    total_ += samples;
    if (total_ > 100000) { // no faster than the FIFO: this host has no offline flag
      capture_.flush();
      total_ = 0;
    }
  }

  Random random_;
  int channels_;
  Capture capture_;
  Transport transport_;
  bool armed_ = true;
  int total_ = 0;
  Model model_;
};

void check_against(const Model& model, Capture& capture, double rate, int channels,
                   const juce::File& file) {
  REQUIRE_FALSE(model.empty());
  const Place place = {{model.begin()->first - 100, model.rbegin()->first + 101}, rate};
  REQUIRE(capture.timeline().extract(place, channels, file).isEmpty());
  const auto audio = read_wav(file);
  REQUIRE(audio);
  REQUIRE(audio->getNumSamples() == place.range.length());
  REQUIRE(audio->getNumChannels() == channels);
  Sample wrong = 0;
  for (Sample at = place.range.start; at < place.range.end; ++at) {
    const auto frame = model.find(at);
    for (int channel = 0; channel < channels; ++channel)
      wrong += audio->getSample(channel, static_cast<int>(at - place.range.start)) !=
               (frame == model.end() ? 0.0f : frame->second[static_cast<std::size_t>(channel)]);
  }
  CHECK(wrong == 0);
}

} // namespace

TEST_CASE("what is captured is what was played, at its place, whatever the host does") {
  unsigned seed = 0;
  for (const double rate : {44100.0, 48000.0, 88200.0, 96000.0, 192000.0})
    for (const int channels : {1, 2}) {
      TemporaryFolder folder;
      Session session(++seed, rate, channels, folder.file());
      session.play(150);
      CHECK(session.capture().report().lost == 0);
      check_against(session.model(), session.capture(), rate, channels, folder / "out.wav");
    }
}

TEST_CASE("clips never overlap, are in order, and cover what was recorded") {
  TemporaryFolder folder;
  Session session(99, 48000.0, 1, folder.file());
  session.play(300);
  const auto timeline = session.capture().timeline();
  for (std::size_t n = 1; n < timeline.clips().size(); ++n)
    CHECK(timeline.clips()[n - 1].place.range.end <= timeline.clips()[n].place.range.start);
  Sample covered = 0;
  for (const Range range : timeline.covered({-100000, 1000000}, 48000.0))
    covered += range.length();
  CHECK(covered == static_cast<Sample>(session.model().size()));
}

TEST_CASE("files that were found elsewhere change their clips, and no clip that came meanwhile") {
  const juce::File old = juce::File::getCurrentWorkingDirectory().getChildFile("old.wav");
  const juce::File found = old.getSiblingFile("found.wav"), fresh = old.getSiblingFile("new.wav");
  Capture capture;
  capture.add({{{0, 100}, 48000.0}, old, 0, 1});
  const auto version = capture.report().version;
  capture.add({{{100, 200}, 48000.0}, fresh, 0, 1});
  capture.move_files({{old.getFullPathName(), found}});
  const auto clips = capture.timeline().clips();
  REQUIRE(clips.size() == 2);
  CHECK(clips[0].file == found);
  CHECK(clips[1].file == fresh);
  CHECK(capture.report().version == version + 2);
}

TEST_CASE("unarmed, stopped or without a position nothing is written") {
  TemporaryFolder folder;
  Capture capture;
  capture.set_folder(folder / "session");
  capture.prepare(48000.0, 512, 2);
  juce::AudioBuffer<float> audio(2, 512);
  audio.clear();
  Transport transport;
  transport.rate = 48000.0;
  capture.process(audio, transport, true);
  transport.playing = true;
  capture.process(audio, transport, true);
  transport.has_position = true;
  capture.process(audio, transport, false);
  capture.flush();
  CHECK_FALSE((folder / "session").exists());
  CHECK(capture.timeline().clips().empty());
}

TEST_CASE("an unbroken run of blocks is one file") {
  TemporaryFolder folder;
  Capture capture;
  capture.set_folder(folder.file());
  capture.prepare(48000.0, 512, 1);
  juce::AudioBuffer<float> audio(1, 512);
  audio.clear();
  Transport transport;
  transport.rate = 48000.0;
  transport.playing = transport.has_position = true;
  for (int block = 0; block < 200; ++block, transport.position += 512) {
    capture.process(audio, transport, true);
    if (block % 50 == 0)
      capture.flush();
  }
  capture.flush();
  CHECK(capture.timeline().clips().size() == 1);
  CHECK(folder.file().getNumberOfChildFiles(juce::File::findFiles) == 1);
}

TEST_CASE("the waveform grows with the file, and the input's level is known without recording") {
  TemporaryFolder folder;
  Capture capture;
  capture.set_folder(folder.file());
  capture.prepare(48000.0, 512, 2);
  juce::AudioBuffer<float> audio(2, 512);
  for (int n = 0; n < 512; ++n) {
    audio.setSample(0, n, -0.25f);
    audio.setSample(1, n, n == 100 ? 0.75f : 0.0f);
  }
  Transport transport;
  transport.rate = 48000.0;
  capture.process(audio, transport, false);
  const auto level = capture.input_level();
  CHECK(level.peak[0] == 0.25f);
  CHECK(level.peak[1] == 0.75f);
  CHECK(capture.input_level().peak[1] == 0.0f);

  transport.playing = transport.has_position = true;
  for (int block = 0; block < 10; ++block, transport.position += 512)
    capture.process(audio, transport, true);
  capture.flush();
  const auto clips = capture.timeline().clips();
  REQUIRE(clips.size() == 1);
  const auto peaks = capture.peaks(clips[0].file);
  REQUIRE(peaks != nullptr);
  CHECK(peaks->length() == 5120);
  Peak peak;
  peaks->read(1, {0, 5120}, 1, &peak);
  CHECK(peak.most == doctest::Approx(0.75).epsilon(1e-3));
  CHECK(capture.peaks(folder / "other.wav") == nullptr);

  juce::AudioBuffer<float> mono(1, 64);
  mono.clear();
  mono.setSample(0, 3, 0.5f);
  capture.process(mono, transport, false);
  CHECK(capture.input_level().peak[1] == 0.75f); // of the ten blocks
  capture.process(mono, transport, false);
  CHECK(capture.input_level().peak[1] == 0.5f);
}

namespace {

// A host of one channel that rolls; sample n of what it plays is n's own.
class Roll {
public:
  explicit Roll(const juce::File& folder) {
    capture.set_folder(folder);
    capture.prepare(48000.0, 8192, 1);
    transport.rate = 48000.0;
    transport.playing = transport.has_position = true;
  }

  void block(Sample position, int samples) {
    juce::AudioBuffer<float> audio(1, samples);
    for (int n = 0; n < samples; ++n)
      audio.setSample(0, n, static_cast<float>(played + n));
    played += samples;
    transport.position = position;
    capture.process(audio, transport, true);
    if (played % 100000 < samples)
      capture.flush(); // no faster than the FIFO
  }

  Capture capture;
  Transport transport;
  Sample played = 0;
};

int count_files(const juce::File& folder) {
  return folder.getNumberOfChildFiles(juce::File::findFiles);
}

// What is on the timeline there.
Audio heard(const CapturedTimeline& timeline, Range range, const juce::File& file) {
  REQUIRE(timeline.extract({range, 48000.0}, 1, file).isEmpty());
  const auto audio = read_wav(file);
  REQUIRE(audio);
  return *audio;
}

} // namespace

TEST_CASE("ten seconds with a sample of jitter are one file and one clip, with every sample") {
  TemporaryFolder folder;
  Roll roll(folder / "session");
  Random random(11);
  Sample position = 0;
  for (int n = 0; position < 480000; ++n) {
    const int samples =
        std::min<int>(random.integer(32, 1024), static_cast<int>(480000 - position));
    roll.block(position + (n == 0 ? 0 : random.integer(-1, 1)), samples);
    position += samples;
  }
  roll.capture.flush();
  CHECK(count_files(folder / "session") == 1);
  const auto timeline = roll.capture.timeline();
  REQUIRE(timeline.clips().size() == 1);
  CHECK(timeline.clips()[0].place.range == Range{0, 480000});
  const auto audio = heard(timeline, {0, 480000}, folder / "out.wav");
  int wrong = 0;
  for (int n = 0; n < 480000; ++n)
    wrong += audio.getSample(0, n) != static_cast<float>(n);
  CHECK(wrong == 0);
}

TEST_CASE("sixty rounds of a loop of a second are one file, and the last is heard") {
  TemporaryFolder folder;
  Roll roll(folder / "session");
  for (int round = 0; round < 60; ++round)
    for (int block = 0; block < 100; ++block)
      roll.block(96000 + block * 480, 480);
  roll.capture.flush();
  CHECK(count_files(folder / "session") == 1);
  const auto timeline = roll.capture.timeline();
  REQUIRE(timeline.clips().size() == 1);
  const auto audio = heard(timeline, {96000, 144000}, folder / "out.wav");
  CHECK(audio.getSample(0, 0) == 59.0f * 48000.0f);
  CHECK(audio.getSample(0, 47999) == 59.0f * 48000.0f + 47999.0f);
}

TEST_CASE("a pre-roll that is held at 0 leaves nothing but the block that was there") {
  TemporaryFolder folder;
  Roll roll(folder / "session");
  for (int n = 0; n < 1500; ++n)
    roll.block(0, 64);
  for (int n = 1; n < 100; ++n)
    roll.block(n * 64, 64);
  roll.capture.flush();
  const auto timeline = roll.capture.timeline();
  REQUIRE(timeline.clips().size() == 1);
  CHECK(timeline.clips()[0].place.range == Range{0, 6400});
  CHECK(wav_info(timeline.clips()[0].file)->length == 6400);
  CHECK(heard(timeline, {0, 6400}, folder / "out.wav").getSample(0, 0) == 1499.0f * 64.0f);
}

TEST_CASE("a position that stands still for good is nowhere; one long block is a recording") {
  TemporaryFolder folder;
  {
    Roll roll(folder / "frozen");
    for (int n = 0; n < 300; ++n)
      roll.block(4800, 512);
    roll.capture.flush();
    CHECK(roll.capture.timeline().clips().empty());
  }
  CHECK_FALSE((folder / "frozen").exists());
  Roll roll(folder / "session"); // renders it whole, three times over
  for (int n = 0; n < 3; ++n)
    roll.block(0, 48000);
  roll.capture.flush();
  const auto timeline = roll.capture.timeline();
  CHECK(timeline.covered({0, 96000}, 48000.0) == std::vector<Range>{{0, 48000}});
  CHECK(heard(timeline, {0, 48000}, folder / "out.wav").getSample(0, 7) == 96007.0f);
}

TEST_CASE("a host whose time runs backwards, block by block, is recorded as it says, in one file") {
  TemporaryFolder folder;
  Roll roll(folder / "session");
  for (int n = 0; n < 100; ++n)
    roll.block(100000 - n * 480, 480);
  roll.capture.flush();
  CHECK(count_files(folder / "session") == 1);
  const auto audio = heard(roll.capture.timeline(), {52480, 100480}, folder / "out.wav");
  CHECK(audio.getSample(0, 0) == 99.0f * 480.0f);
  CHECK(audio.getSample(0, 47999) == 479.0f);
}

TEST_CASE("blocks of nothing change nothing") {
  TemporaryFolder folder;
  Roll roll(folder / "session");
  for (int n = 0; n < 100; ++n) {
    roll.block(n * 256, 256);
    roll.block((n + 1) * 256, 0);
    roll.block(0, 0);
  }
  roll.capture.flush();
  CHECK(roll.capture.timeline().covered({0, 50000}, 48000.0) == std::vector<Range>{{0, 25600}});
  CHECK(count_files(folder / "session") == 1);
}

TEST_CASE("a state describes all that was handed in before it, wherever that still waits") {
  TemporaryFolder folder;
  Random random(4);
  for (int round = 0; round < 30; ++round) {
    const auto session = folder / ("session " + juce::String(round));
    CapturedTimeline saved, written;
    {
      Roll roll(session);
      if (round % 3 == 1) { // something lies there already, and its file is closed or not
        roll.block(300000, 4800);
        roll.capture.flush();
      }
      Sample position = 1000;
      for (int block = 0; block < random.integer(1, 60); ++block) {
        if (random.chance(0.1))
          position = random.integer(0, 400000);
        roll.block(position, 2048);
        position += 2048;
      }
      if (round % 5 == 2)
        roll.capture.prepare(48000.0, 20000 + round, 1); // another FIFO, with the first still full
      const double before = steady_seconds();
      saved = roll.capture.timeline_to_save();
      CHECK(steady_seconds() - before < 0.05);
      roll.capture.set_folder(folder / "elsewhere"); // from the next file on
      roll.capture.flush();
      written = roll.capture.timeline();
    }
    REQUIRE(saved.clips().size() == written.clips().size());
    for (std::size_t n = 0; n < saved.clips().size(); ++n) {
      CHECK(saved.clips()[n].place == written.clips()[n].place);
      CHECK(saved.clips()[n].file == written.clips()[n].file);
      CHECK(saved.clips()[n].offset == written.clips()[n].offset);
    }
  }
}

TEST_CASE("three minutes handed in at once are all in the state") {
  TemporaryFolder folder;
  Roll roll(folder / "session");
  roll.transport.offline_flag = true; // the FIFO waits for the disk
  for (Sample position = 0; position < 180 * 48000; position += 8192) {
    roll.transport.position = position;
    juce::AudioBuffer<float> audio(1, 8192);
    audio.clear();
    roll.capture.process(audio, roll.transport, true);
  }
  const auto saved = roll.capture.timeline_to_save();
  const Sample end = (180 * 48000 + 8191) / 8192 * 8192;
  CHECK(saved.covered({0, end}, 48000.0) == std::vector<Range>{{0, end}});
}

TEST_CASE("preparing for other blocks waits for nothing, and what was handed in is written") {
  TemporaryFolder folder;
  Roll roll(folder / "session");
  for (int n = 0; n < 40; ++n)
    roll.block(n * 8192, 8192);
  for (int n = 0; n < 20; ++n) {
    const double before = steady_seconds();
    roll.capture.prepare(48000.0, 50000 + n, 1 + n % 2);
    CHECK(steady_seconds() - before < 0.05);
  }
  roll.capture.flush();
  CHECK(roll.capture.timeline().covered({0, 400000}, 48000.0) ==
        std::vector<Range>{{0, 40 * 8192}});
}

TEST_CASE("a short file goes once it is recorded over, unless somebody knows it") {
  TemporaryFolder folder;
  const auto session = folder / "session";
  for (const char* const who : {"nobody", "a view", "a state", "a long one"}) {
    session.deleteRecursively();
    Roll roll(session);
    const int blocks = juce::String(who) == "a long one" ? 30 : 1;
    for (int n = 0; n < blocks; ++n)
      roll.block(n * 4800, 4800);
    roll.capture.flush();
    REQUIRE(count_files(session) == 1);
    CapturedTimeline view;
    if (juce::String(who) == "a view")
      view = roll.capture.timeline();
    if (juce::String(who) == "a state")
      roll.capture.timeline_to_save();
    std::this_thread::sleep_for(std::chrono::milliseconds(1200)); // that run is over
    for (int n = 0; n < blocks; ++n)
      roll.block(n * 4800, 4800);
    roll.capture.flush();
    CHECK_MESSAGE(count_files(session) == (juce::String(who) == "nobody" ? 1 : 2), who);
    const auto now = roll.capture.timeline().clips();
    REQUIRE(now.size() == 1);
    CHECK(now[0].file.existsAsFile());
    view = {};
  }
}

TEST_CASE("a timeline of very many clips is made in no time") {
  CapturedTimeline timeline;
  const double before = steady_seconds();
  for (int n = 0; n < 200000; ++n) // each cuts the one before
    timeline.record({{{n * 1000, n * 1000 + 1500}, 48000.0}, juce::File("/a.wav"), n * 1500, 1});
  for (int n = 0; n < 1000; ++n) // and some in the midst
    timeline.record({{{n * 90000 + 200, n * 90000 + 400}, 44100.0}, juce::File("/b.wav"), 0, 1});
  CHECK(timeline.clips().size() >= 201000);
  CHECK(steady_seconds() - before < 5.0);
  for (std::size_t n = 1; n < timeline.clips().size(); ++n) {
    const auto& a = timeline.clips()[n - 1].place;
    const auto& b = timeline.clips()[n].place;
    REQUIRE(static_cast<double>(a.range.end) / a.rate <=
            static_cast<double>(b.range.start) / b.rate + 1.0 / 44100.0);
  }
}

TEST_CASE("a FIFO that is full loses what comes, counts it, and does not wait") {
  TemporaryFolder folder;
  Capture capture;
  capture.set_folder(folder.file());
  capture.prepare(1000.0, 1, 1); // a small one
  juce::AudioBuffer<float> audio(1, 1 << 20);
  audio.clear();
  Transport transport;
  transport.rate = 1000.0;
  transport.playing = transport.has_position = true;
  const double before = steady_seconds();
  capture.process(audio, transport, true);
  CHECK(steady_seconds() - before < 0.5);
  CHECK(capture.report().lost == 1 << 20);
}

TEST_CASE("a folder that cannot be written is said in a sentence, and mended later") {
  TemporaryFolder folder;
  const auto in_the_way = folder / "file";
  in_the_way.replaceWithText("no folder");
  Capture capture;
  capture.set_folder(in_the_way);
  capture.prepare(48000.0, 512, 1);
  juce::AudioBuffer<float> audio(1, 512);
  audio.clear();
  Transport transport;
  transport.rate = 48000.0;
  transport.playing = transport.has_position = true;
  capture.process(audio, transport, true);
  capture.flush();
  CHECK(capture.report().message.contains("choose another session folder"));
  CHECK(capture.report().lost == 512);

  capture.set_folder(folder / "good");
  std::this_thread::sleep_for(std::chrono::milliseconds(1100)); // it does not try at every block
  transport.position = 512;
  capture.process(audio, transport, true);
  capture.flush();
  CHECK(capture.report().message.isEmpty());
  CHECK(capture.timeline().covered({0, 5000}, 48000.0) == std::vector<Range>{{512, 1024}});
}

TEST_CASE("a later sample rate replaces what was recorded at the same time of day") {
  TemporaryFolder folder;
  CapturedTimeline timeline;
  timeline.record({{{0, 48000}, 48000.0}, folder / "a.wav", 0, 1});
  timeline.record({{{24000, 48000}, 96000.0}, folder / "b.wav", 0, 1});
  REQUIRE(timeline.clips().size() == 3);
  CHECK(timeline.clips()[0].place.range == Range{0, 12000});
  CHECK(timeline.clips()[1].place.rate == 96000.0);
  CHECK(timeline.clips()[2].place.range == Range{24000, 48000});
  CHECK(timeline.clips()[2].offset == 24000);
}

TEST_CASE("a region over clips of two sample rates comes out at one") {
  TemporaryFolder folder;
  const auto write = [&](const juce::String& name, double rate, float value) {
    Audio audio(1, static_cast<int>(rate));
    for (int n = 0; n < audio.getNumSamples(); ++n)
      audio.setSample(0, n, value);
    WavWriter::create(folder / name, rate, 1, 0)
        ->write(audio.getArrayOfReadPointers(), audio.getNumSamples());
  };
  write("a.wav", 48000.0, 0.5f);
  write("b.wav", 44100.0, -0.5f);
  CapturedTimeline timeline;
  timeline.record({{{0, 48000}, 48000.0}, folder / "a.wav", 0, 1});
  timeline.record({{{44100, 88200}, 44100.0}, folder / "b.wav", 0, 1});
  REQUIRE(timeline.extract({{0, 96000}, 48000.0}, 2, folder / "out.wav").isEmpty());
  const auto audio = read_wav(folder / "out.wav");
  REQUIRE(audio);
  CHECK(audio->getNumSamples() == 96000);
  CHECK(audio->getSample(0, 20000) == 0.5f);
  CHECK(audio->getSample(1, 20000) == 0.5f);
  CHECK(audio->getSample(0, 70000) == doctest::Approx(-0.5f).epsilon(1e-4));
}

TEST_CASE("an extraction that cannot be made says so and leaves no file") {
  TemporaryFolder folder;
  CapturedTimeline timeline;
  timeline.record({{{0, 48000}, 48000.0}, folder / "lost.wav", 0, 1});
  CHECK(timeline.extract({{0, 96000}, 48000.0}, 1, folder / "out.wav").contains("lost.wav"));
  const std::atomic<bool> cancelled{true};
  CHECK(timeline.extract({{-9, 96000}, 48000.0}, 1, folder / "out.wav", &cancelled).isNotEmpty());
  CHECK(folder.file().getNumberOfChildFiles(juce::File::findFiles) == 0);
}

#if JUCE_LINUX || JUCE_MAC
TEST_CASE("a DAW that is killed leaves a WAV with all but the last moment") {
  TemporaryFolder folder;
  const pid_t host = fork();
  if (host == 0) {
    Capture capture;
    capture.set_folder(folder.file());
    capture.prepare(48000.0, 480, 1);
    juce::AudioBuffer<float> audio(1, 480);
    Transport transport;
    transport.rate = 48000.0;
    transport.playing = transport.has_position = true;
    for (;; transport.position += 480) {
      for (int n = 0; n < 480; ++n)
        audio.setSample(0, n, static_cast<float>((transport.position + n) % 1000) / 1000.0f);
      capture.process(audio, transport, true);
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  kill(host, SIGKILL);
  waitpid(host, nullptr, 0);

  const auto files = folder.file().findChildFiles(juce::File::findFiles, false, "*.wav");
  REQUIRE(files.size() == 1);
  const auto audio = read_wav(files[0]);
  REQUIRE(audio);
  CHECK(audio->getNumSamples() > 24000);
  int wrong = 0;
  for (int n = 0; n < audio->getNumSamples(); ++n)
    wrong += audio->getSample(0, n) != static_cast<float>(n % 1000) / 1000.0f;
  CHECK(wrong == 0);
}

TEST_CASE("a disk that is full is said in a sentence, and what was written before is usable") {
  TemporaryFolder folder;
  const auto result = folder / "result";
  const pid_t host = fork();
  if (host == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit small = {1 << 20, 1 << 20};
    setrlimit(RLIMIT_FSIZE, &small);
    Capture capture;
    capture.set_folder(folder / "session");
    capture.prepare(48000.0, 4800, 1);
    juce::AudioBuffer<float> audio(1, 4800);
    Transport transport;
    transport.rate = 48000.0;
    transport.playing = transport.has_position = true;
    for (; transport.position < 480000; transport.position += 4800) {
      for (int n = 0; n < 4800; ++n)
        audio.setSample(0, n, static_cast<float>((transport.position + n) % 1000) / 1000.0f);
      capture.process(audio, transport, true);
      if (transport.position == 0)
        capture.flush();
    }
    capture.flush();
    const auto covered = capture.timeline().covered({0, 480000}, 48000.0);
    const bool told = capture.report().message.contains("disk full") && capture.report().lost > 0;
    result.replaceWithText(told && !covered.empty() ? juce::String(covered[0].end) : "not told");
    _exit(0);
  }
  waitpid(host, nullptr, 0);

  const auto length = result.loadFileAsString().getIntValue();
  CHECK(length > 240000); // of the 262,144 samples that a megabyte holds
  CHECK(length < 262144);
  const auto files = (folder / "session").findChildFiles(juce::File::findFiles, false, "*.wav");
  REQUIRE(files.size() >= 1);
  const auto audio = read_wav(files[0], {0, length});
  REQUIRE(audio);
  int wrong = 0;
  for (int n = 0; n < length; ++n)
    wrong += audio->getSample(0, n) != static_cast<float>(n % 1000) / 1000.0f;
  CHECK(wrong == 0);
}
#endif

} // namespace umtn::plugin::test
