#include "player/listen.hpp"
#include "support/support.hpp"

#include <doctest/doctest.h>

namespace umtn::plugin::test {
namespace {

Clip write_clip(const juce::File& file, const Audio& sound, Place place, Sample offset = 0) {
  auto writer = WavWriter::create(file, place.rate, sound.getNumChannels(), place.range.start);
  REQUIRE(writer != nullptr);
  REQUIRE(writer->write(sound.getArrayOfReadPointers(), sound.getNumSamples()));
  REQUIRE(writer->flush());
  Clip clip;
  clip.place = place;
  clip.file = file;
  clip.offset = offset;
  clip.channels = sound.getNumChannels();
  return clip;
}

// A host that stands still, and what it hears; at the pace of live sound.
class Host {
public:
  explicit Host(Material what, double host_rate = 48000.0, int count = 2)
      : rate(host_rate), channels(count), material(std::move(what)) {
    prepare(rate, channels);
  }
  void prepare(double new_rate, int count) {
    rate = new_rate;
    channels = count;
    player.prepare(rate, channels);
    listen.prepare(rate, channels);
  }
  const Audio& block(int samples = 512) {
    out.setSize(channels, samples);
    out.clear();
    Transport transport;
    transport.rate = rate;
    transport.has_position = true;
    transport.playing = rolls;
    listen.process(out, transport, {});
    for (int n = 0; n < samples; ++n)
      heard.push_back(out.getSample(0, n));
    // Up to so many seconds early; what is late is not made up for.
    due = std::max(due, steady_seconds() - early) + samples / rate;
    while (due > steady_seconds() + early)
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    return out;
  }
  template <class Condition>
  bool until(Condition condition) {
    return eventually([&] {
      block();
      return condition();
    });
  }
  // From the first sample that sounds.
  std::vector<float> sound() const {
    const auto first = std::find_if(heard.begin(), heard.end(), [](float x) { return x != 0.0f; });
    return {first, heard.end()};
  }

  double rate;
  int channels;
  bool rolls = false;
  Material material;
  Player player;
  Listen listen{player, [this] { return material; }};
  Audio out;
  std::vector<float> heard;
  double due = 0.0, early = 0.5;
};

Material ramp_material(const juce::File& file, double start, double seconds) {
  const double rate = 48000.0;
  const auto length = static_cast<int>(seconds * rate);
  Audio sound(2, length);
  for (int channel = 0; channel < 2; ++channel)
    for (int n = 0; n < length; ++n)
      sound.setSample(channel, n, 0.1f + static_cast<float>(n) * 1e-6f);
  const auto first = static_cast<Sample>(start * rate);
  Material material;
  material.captured.record(write_clip(file, sound, {{first, first + length}, rate}));
  material.start = start;
  material.end = start + seconds;
  return material;
}

} // namespace

TEST_CASE("what is read in pieces is what a take's source would hold, at any rate") {
  TemporaryFolder folder;
  Random random(8);
  int file = 0, faded = 0;
  for (const double own : {44100.0, 48000.0, 96000.0})
    for (const double rate : {44100.0, 48000.0, 192000.0})
      for (const int channels : {1, 2}) {
        CapturedTimeline captured;
        for (int clip = 0; clip < 3; ++clip) {
          const int length = random.integer(3000, 30000), offset = random.integer(0, 2000);
          const Sample start = random.integer(-4000, 40000);
          captured.record(write_clip(folder / ("clip" + juce::String(++file) + ".wav"),
                                     noise(random, random.integer(1, 2), length + offset),
                                     {{start, start + length}, own}, offset));
        }
        const Range all = {-20000, 120000};
        const auto whole = folder / ("whole" + juce::String(++file) + ".wav");
        REQUIRE(captured.extract({all, rate}, channels, whole).isEmpty());
        const auto expected = *read_wav(whole);
        const auto covered = captured.covered(all, rate);

        juce::String trouble;
        int wrong = 0;
        for (int n = 0; n < 12; ++n) {
          const Sample start = random.integer(-20000, 100000);
          const Range range = {start, start + random.integer(1, 20000)};
          const auto piece = read_recorded(captured, range, rate, channels, trouble);
          REQUIRE(piece.getNumChannels() == channels);
          for (Sample at = range.start; at < range.end; ++at) {
            float gain = 1.0f;
            for (const Range part : covered)
              if (part.contains(at))
                gain = Player::window(at - part.start, part.length(), rate);
            faded += gain != 1.0f;
            for (int channel = 0; channel < channels; ++channel) {
              const float truth =
                  expected.getSample(channel, static_cast<int>(at - all.start)) * gain;
              wrong += std::abs(piece.getSample(channel, static_cast<int>(at - range.start)) -
                                truth) > 1e-6f;
            }
          }
        }
        CAPTURE(own);
        CAPTURE(rate);
        CHECK(wrong == 0);
        CHECK(trouble.isEmpty());
      }
  CHECK(faded > 0);
}

TEST_CASE("it plays what lies in the files, from the start of the material, and stops at its end") {
  TemporaryFolder folder;
  Random random(9);
  for (const int channels : {1, 2}) {
    const Audio sound = noise(random, channels, 60000);
    Material material;
    material.captured.record(
        write_clip(folder / (juce::String(channels) + ".wav"), sound, {{30000, 90000}, 48000.0}));
    material.start = 30000 / 48000.0;
    material.end = 90000 / 48000.0;
    Host host(std::move(material), 48000.0, channels);
    host.block();
    CHECK_FALSE(host.listen.playing());
    host.listen.play();
    CHECK(host.listen.playing());
    CHECK(host.until([&] { return !host.listen.playing(); }));
    const auto heard = host.sound();
    REQUIRE(heard.size() >= 60000);
    int wrong = 0;
    for (int n = 300; n < 60000 - 300; ++n)
      wrong += heard[static_cast<std::size_t>(n)] != sound.getSample(0, n);
    CHECK(wrong == 0);
    CHECK(host.heard.back() == 0.0f);
    CHECK(host.listen.position() == doctest::Approx(30000 / 48000.0));
  }
}

TEST_CASE("locate, stop, and play again: it goes on where it was told to") {
  TemporaryFolder folder;
  Host host(ramp_material(folder / "ramp.wav", 1.0, 5.0));
  const auto at = [&] { return (host.heard.back() - 0.1) / 1e-6 / 48000.0 + 1.0; };
  const auto sounds = [&] { return host.heard.back() > 0.1f; };
  host.listen.locate(3.0);
  CHECK(host.listen.position() == 3.0);
  CHECK(host.listen.placed());
  host.listen.play();
  CHECK(host.until(sounds));
  CHECK(at() == doctest::Approx(host.listen.position()).epsilon(0.001));
  CHECK(at() > 3.0);
  CHECK(at() < 3.3);
  host.listen.locate(5.0); // while it plays
  CHECK(host.until([&] { return sounds() && at() > 5.0; }));
  CHECK(host.listen.position() == doctest::Approx(at()).epsilon(0.001));
  host.listen.stop();
  CHECK_FALSE(host.listen.playing());
  CHECK(host.until([&] { return host.heard.back() == 0.0f; }));
  const double paused = host.listen.position();
  CHECK(paused == doctest::Approx(5.0).epsilon(0.1));
  host.listen.play();
  CHECK(host.listen.position() == paused);
  CHECK(host.until(sounds));
  CHECK(at() > paused);
  CHECK(at() < paused + 0.3);

  // The host rolls: it is over, and the next begins at the start of the material.
  host.rolls = true;
  host.block();
  CHECK_FALSE(host.listen.playing());
  host.rolls = false;
  host.block();
  CHECK_FALSE(host.listen.placed());
  host.listen.play();
  CHECK(host.until(sounds));
  CHECK(at() < 1.3);
  host.listen.locate(std::numeric_limits<double>::quiet_NaN());
  CHECK(host.listen.playing());
  host.listen.locate(1e300); // behind the end
  CHECK(host.until([&] { return !host.listen.playing(); }));
}

TEST_CASE("what was played is let go of when it is over") {
  TemporaryFolder folder;
  auto material = ramp_material(folder / "ramp.wav", 0.0, 1.0);
  Clip clip = material.captured.clips().front();
  const auto in_use = std::make_shared<const bool>(true);
  clip.in_use = in_use;
  material.captured.record(clip);
  Host host(material);
  const auto users = in_use.use_count();
  host.listen.play();
  CHECK(host.until([&] { return host.heard.back() > 0.1f; }));
  CHECK(in_use.use_count() > users);
  CHECK(host.until([&] { return !host.listen.playing(); }));
  CHECK(eventually([&] { return in_use.use_count() == users; }));
}

TEST_CASE("a loop in the material goes round, as far as it lies from what is read ahead") {
  TemporaryFolder folder;
  Host host(ramp_material(folder / "ramp.wav", 0.0, 9.0));
  host.early = 0.03;
  host.listen.loop(Place{{96000, 120000}, 48000.0});
  host.listen.locate(2.4);
  host.listen.play();
  CHECK(host.until([&] { return host.heard.back() > 0.1f; }));
  for (int n = 0; n < 150; ++n)
    host.block();
  CHECK(host.listen.playing());
  int silent = 0;
  for (const float sample : host.sound()) {
    CHECK_FALSE((sample > 0.1f + 0.1201f));
    silent += sample == 0.0f;
  }
  CHECK(silent == 0); // the seams are faded, and nothing was waited for
}

TEST_CASE("another rate, and another count of channels, between one play and the next") {
  TemporaryFolder folder;
  Host host(ramp_material(folder / "ramp.wav", 0.0, 4.0));
  host.listen.locate(2.0);
  host.listen.play();
  CHECK(host.until([&] { return host.heard.back() > 0.1f; }));
  for (const double rate : {96000.0, 44100.0})
    for (const int channels : {1, 2}) {
      host.prepare(rate, channels);
      CHECK_FALSE(host.listen.playing());
      host.listen.locate(2.0);
      host.block();
      CHECK(host.listen.position() == 2.0);
      host.heard.clear();
      host.listen.play();
      CHECK(host.until([&] { return host.heard.back() > 0.19f; }));
      const double at = (host.heard.back() - 0.1) / 1e-6 / 48000.0;
      CHECK(at == doctest::Approx(host.listen.position()).epsilon(0.01));
    }
}

TEST_CASE("a file is played from its start, and what is no WAV is named in a sentence") {
  TemporaryFolder folder;
  Host host(ramp_material(folder / "ramp.wav", 0.0, 4.0));
  Random random(3);
  const Audio phrase = noise(random, 2, 20000);
  write_clip(folder / "phrase.wav", phrase, {{0, 20000}, 48000.0});
  host.listen.locate(2.0);
  host.listen.play(folder / "phrase.wav");
  CHECK(host.listen.playing_file());
  CHECK_FALSE(host.listen.playing());
  CHECK(host.until([&] { return !host.listen.playing_file(); }));
  const auto heard = host.sound();
  REQUIRE(heard.size() >= 20000);
  int wrong = 0;
  for (int n = 300; n < 19700; ++n)
    wrong += heard[static_cast<std::size_t>(n)] != phrase.getSample(0, n);
  CHECK(wrong == 0);
  CHECK(host.listen.position() == 2.0);

  (folder / "no.wav").replaceWithText("no sound");
  host.listen.play(folder / "no.wav");
  CHECK(host.until([&] { return !host.listen.playing_file(); }));
  CHECK(host.listen.message().contains("no.wav cannot be played"));

  (folder / "ramp.wav").deleteFile();
  host.listen.play();
  CHECK(host.until([&] { return host.listen.message().isNotEmpty(); }));
  CHECK(host.listen.message().contains("ramp.wav cannot be read"));
}

TEST_CASE("where nothing was recorded, and where no block comes, it says so") {
  Host nothing({});
  nothing.listen.play();
  CHECK_FALSE(nothing.listen.playing());
  CHECK(nothing.listen.message().contains("nothing to play yet"));

  TemporaryFolder folder;
  Host asleep(ramp_material(folder / "ramp.wav", 0.0, 1.0));
  asleep.listen.play();
  CHECK(eventually([&] { return !asleep.listen.playing(); }));
  CHECK(asleep.listen.message().contains("runs no plugins while it stands still"));
}

TEST_CASE("the material begins with the region where that lies in it") {
  const std::vector<Place> places = {{{48000, 96000}, 48000.0}, {{0, 441000}, 44100.0}};
  CHECK(stretch({}, {}, std::nullopt).end == 0.0);
  const auto all = stretch({}, places, std::nullopt);
  CHECK(all.start == 0.0);
  CHECK(all.end == 10.0);
  CHECK(stretch({}, places, Place{{96000, 100000}, 48000.0}).start == 2.0);
  CHECK(stretch({}, places, Place{{960000, 961000}, 48000.0}).start == 0.0);
}

} // namespace umtn::plugin::test
