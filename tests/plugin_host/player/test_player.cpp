#include "player/player.hpp"
#include "support/support.hpp"

#include <doctest/doctest.h>

namespace umtn::plugin::test {
namespace {

struct Take {
  Range range;
  std::shared_ptr<const Audio> result;
};

// The simple truth about one sample: one take after another over the input.
float model(const std::vector<Take>& takes, double rate, float mix, float input, int channel,
            int channels, Sample at) {
  float heard = input;
  for (const Take& take : takes) {
    if (!take.range.contains(at))
      continue;
    const int n = static_cast<int>(at - take.range.start);
    const Audio& sound = *take.result;
    const float wet = channels == 1 && sound.getNumChannels() == 2
                          ? (sound.getSample(0, n) + sound.getSample(1, n)) / 2.0f
                          : sound.getSample(std::min(channel, sound.getNumChannels() - 1), n);
    const float both = mix == 1.0f ? wet : mix == 0.0f ? input : input * (1.0f - mix) + wet * mix;
    const float gain = Player::window(n, take.range.length(), rate);
    heard = gain == 1.0f ? both : heard * (1.0f - gain) + both * gain;
  }
  return heard;
}

std::unique_ptr<Programme> programme_of(const std::vector<Take>& takes, double rate) {
  auto programme = std::make_unique<Programme>();
  programme->rate = rate;
  for (const Take& take : takes)
    programme->layers.push_back({take.range, take.result, nullptr});
  return programme;
}

std::shared_ptr<const Audio> constant(int channels, int samples, float value) {
  auto audio = std::make_shared<Audio>(channels, samples);
  for (int channel = 0; channel < channels; ++channel)
    for (int n = 0; n < samples; ++n)
      audio->setSample(channel, n, value);
  return audio;
}

Transport rolling_at(Sample position, double rate = 48000.0) {
  Transport transport;
  transport.rate = rate;
  transport.playing = transport.has_position = true;
  transport.position = position;
  return transport;
}

} // namespace

TEST_CASE("what is heard depends on the place alone: any blocks, jumps, rates and channels") {
  unsigned seed = 0;
  for (const double rate : {44100.0, 48000.0, 96000.0, 192000.0})
    for (const int channels : {1, 2})
      for (const float mix : {0.0f, 0.3f, 1.0f}) {
        Random random(++seed);
        std::vector<Take> takes;
        for (int n = 0; n < 6; ++n) {
          const int length = random.integer(1, 20000), start = random.integer(-5000, 30000);
          takes.push_back(
              {{start, start + length},
               std::make_shared<const Audio>(noise(random, random.integer(1, 2), length))});
        }
        Player player;
        player.prepare(rate, channels);
        player.give(programme_of(takes, rate));
        Transport transport = rolling_at(0, rate);
        PlayControls controls;
        controls.mix = mix;
        Sample wrong = 0;
        for (int block = 0; block < 60; ++block) {
          if (random.chance(0.3))
            transport.position = random.integer(-8000, 50000);
          const int samples = random.block_size();
          auto audio = noise(random, channels, samples);
          const Audio input(audio);
          player.process(audio, transport, controls);
          for (int channel = 0; channel < channels; ++channel)
            for (int n = 0; n < samples; ++n)
              wrong += audio.getSample(channel, n) != model(takes, rate, mix,
                                                            input.getSample(channel, n), channel,
                                                            channels, transport.position + n);
          transport.position += samples;
        }
        CHECK(wrong == 0);
      }
}

TEST_CASE("inside its fades a take is heard sample for sample") {
  Random random(5);
  const auto sound = std::make_shared<const Audio>(noise(random, 2, 48000));
  Player player;
  player.prepare(48000.0, 2);
  player.give(programme_of({{{1000, 49000}, sound}}, 48000.0));
  Audio out(2, 50000);
  Transport transport = rolling_at(0);
  out.clear();
  player.process(out, transport, {});
  const int fade = 144;
  for (const int channel : {0, 1}) {
    CHECK(out.getSample(channel, 999) == 0.0f);
    CHECK(out.getSample(channel, 49000) == 0.0f);
    for (int n = fade; n < 48000 - fade; ++n)
      REQUIRE(out.getSample(channel, 1000 + n) == sound->getSample(channel, n));
  }
}

TEST_CASE("where nothing is to be heard the input is left alone, bit by bit") {
  Random random(6);
  Player player;
  player.prepare(48000.0, 2);
  player.give(programme_of({{{0, 4096}, constant(2, 4096, 0.5f)}}, 48000.0));
  auto audio = noise(random, 2, 512);
  audio.setSample(0, 3, std::numeric_limits<float>::quiet_NaN());
  audio.setSample(0, 4, std::numeric_limits<float>::infinity());
  audio.setSample(0, 5, -0.0f);
  const Audio input(audio);
  const auto untouched = [&] {
    for (int channel = 0; channel < 2; ++channel)
      if (std::memcmp(audio.getReadPointer(channel), input.getReadPointer(channel),
                      512 * sizeof(float)) != 0)
        return false;
    return true;
  };

  PlayControls bypassed;
  bypassed.bypass = true;
  player.process(audio, rolling_at(0), bypassed);
  CHECK(untouched());

  Transport stopped = rolling_at(0);
  stopped.playing = false;
  player.process(audio, stopped, {});
  CHECK(untouched());

  Transport lost = rolling_at(0);
  lost.has_position = false;
  player.process(audio, lost, {});
  CHECK(untouched());

  player.process(audio, rolling_at(100000), {});
  CHECK(untouched());

  player.give(programme_of({{{0, 4096}, constant(2, 4096, 0.5f)}}, 44100.0)); // another rate
  player.process(audio, rolling_at(0), {});
  CHECK(untouched());
}

TEST_CASE("a change while it sounds is crossfaded, without a jump in the sound") {
  Player player;
  player.prepare(48000.0, 1);
  player.give(programme_of({{{0, 480000}, constant(1, 480000, 0.8f)}}, 48000.0));
  PlayControls controls;
  Audio audio(1, 64);
  float last = 0.0f, steepest = 0.0f;
  Sample position = 10000;
  const auto play = [&](int blocks) {
    for (int block = 0; block < blocks; ++block, position += 64) {
      audio.clear();
      player.process(audio, rolling_at(position), controls);
      for (int n = 0; n < 64; ++n) {
        if (position > 10000)
          steepest = std::max(steepest, std::abs(audio.getSample(0, n) - last));
        last = audio.getSample(0, n);
      }
    }
  };
  play(10);
  CHECK(last == 0.8f);
  player.give(programme_of({{{0, 480000}, constant(1, 480000, -0.8f)}}, 48000.0));
  play(10);
  CHECK(last == -0.8f);
  controls.bypass = true;
  play(10);
  CHECK(last == 0.0f);
  controls.bypass = false;
  play(10);
  CHECK(last == -0.8f);
  controls.mix = 0.25f;
  play(10);
  CHECK(last == doctest::Approx(-0.2f));
  controls.audition = Audition::source; // there is none: the input
  play(10);
  CHECK(last == 0.0f);
  CHECK(steepest < 0.02f);
}

TEST_CASE("old programmes are freed, but not by the audio thread") {
  Player player;
  player.prepare(48000.0, 1);
  Audio audio(1, 512);
  std::vector<std::weak_ptr<const Audio>> given;
  Sample position = 0;
  for (int n = 0; n < 100; ++n) {
    const auto sound = constant(1, 1000, 0.1f);
    given.push_back(sound);
    player.give(programme_of({{{0, 1000}, sound}}, 48000.0));
    if (n % 3 != 0)
      for (int block = 0; block < 3; ++block, position += 512)
        player.process(audio, rolling_at(position), {});
  }
  player.collect();
  const auto alive =
      std::count_if(given.begin(), given.end(), [](const auto& sound) { return !sound.expired(); });
  CHECK(alive >= 1);
  CHECK(alive <= 3);
}

TEST_CASE("an offline render waits for a take under way; a live one does not") {
  const Range place = {0, 48000};
  Player player;
  player.prepare(48000.0, 1);
  player.give(programme_of({{place, nullptr}}, 48000.0));
  Audio audio(1, 512);
  audio.clear();
  player.process(audio, rolling_at(0), {});
  CHECK(audio.getMagnitude(0, 512) == 0.0f);

  Transport offline = rolling_at(1000);
  offline.offline_flag = true;
  std::thread renderer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    CHECK(player.waiting());
    player.give(programme_of({{place, constant(1, 48000, 0.5f)}}, 48000.0));
  });
  player.process(audio, offline, {});
  renderer.join();
  CHECK(audio.getSample(0, 0) == 0.5f); // at once, without a fade
  CHECK_FALSE(player.waiting());
}

TEST_CASE("an offline render can be told to wait no longer, and waits only so long") {
  Player player;
  player.prepare(48000.0, 1);
  player.give(programme_of({{{0, 48000}, nullptr}}, 48000.0));
  Audio audio(1, 512);
  Transport offline = rolling_at(0);
  offline.offline_flag = true;
  std::thread person([&] {
    CHECK(eventually([&] { return player.waiting(); }));
    player.cancel_wait();
  });
  player.process(audio, offline, {});
  person.join();
  const double before = steady_seconds();
  offline.position = 512;
  player.process(audio, offline, {}); // nor does it ask again in this pass
  CHECK(steady_seconds() - before < 0.1);

  player.prepare(48000.0, 1);
  player.set_longest_wait(0.05);
  player.process(audio, offline, {});
  CHECK(steady_seconds() - before < 5.0);

  player.set_longest_wait(600.0);
  player.prepare(48000.0, 1);
  offline.position = 48000; // beyond the take
  player.process(audio, offline, {});
  CHECK(steady_seconds() - before < 5.0);
}

} // namespace umtn::plugin::test
