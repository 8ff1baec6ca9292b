#include "player/tape_head.hpp"
#include "support/support.hpp"

#include <doctest/doctest.h>

namespace umtn::plugin::test {
namespace {

constexpr double kRate = 48000.0;
constexpr int kFade = 144; // three milliseconds

Transport standing(double rate = kRate) {
  Transport transport;
  transport.rate = rate;
  transport.has_position = true;
  return transport;
}

Transport rolling() {
  auto transport = standing();
  transport.playing = true;
  return transport;
}

// A head whose tape and orders the test gives, and all that it played.
class Deck {
public:
  explicit Deck(int count = 2, double host_rate = kRate) : channels(count), rate(host_rate) {
    player.prepare(rate, channels);
    head.prepare(rate);
  }

  // Pieces of a recording that begins at 0.
  void lay(const Audio& recording, Sample first_piece = 0, Sample pieces = 1 << 20) {
    auto tape = std::make_unique<Tape>();
    tape->order = order.serial;
    tape->rate = rate;
    tape->end = recording.getNumSamples();
    for (Sample at = first_piece * Tape::kPiece; at < tape->end && pieces > 0;
         at += Tape::kPiece, --pieces) {
      Audio sound(channels, Tape::kPiece);
      sound.clear();
      for (int channel = 0; channel < channels; ++channel)
        sound.copyFrom(channel, 0, recording, channel, static_cast<int>(at),
                       static_cast<int>(std::min<Sample>(Tape::kPiece, tape->end - at)));
      tape->pieces.push_back({at, std::make_shared<const Audio>(std::move(sound))});
    }
    head.give(std::unique_ptr<const Tape>(std::move(tape)));
  }

  void play(double seconds) {
    ++order.serial;
    order.playing = true;
    locate(seconds);
  }
  void locate(double seconds) {
    ++order.jump;
    order.seconds = seconds;
    give();
  }
  void stop() {
    order.playing = false;
    give();
  }
  void give() { head.give(std::make_unique<Order>(order)); }

  // The next block; the input is noise, or silence.
  const Audio& block(int samples, const Transport& transport) {
    out = noisy ? noise(random, channels, samples) : Audio(channels, samples);
    if (!noisy)
      out.clear();
    input = out;
    head.process(out, transport, controls, now);
    now += samples / rate;
    for (int n = 0; n < samples; ++n) {
      heard.push_back(out.getSample(0, n));
      fed.push_back(input.getSample(0, n));
    }
    return out;
  }
  const Audio& block(int samples) { return block(samples, standing(rate)); }
  void run(int samples) {
    for (int left = samples; left > 0;) {
      const int size = std::min(left, random.integer(1, 700));
      block(size);
      left -= size;
    }
  }

  int channels;
  double rate;
  double now = 0.0; // the pace of live sound
  Random random{3};
  Player player;
  TapeHead head{player};
  Order order;
  PlayControls controls;
  bool noisy = true;
  Audio out, input;
  std::vector<float> heard, fed; // the first channel's
};

float ramp(Sample n, int top = kFade + 1) {
  return static_cast<float>(std::clamp<Sample>(n, 0, top)) / static_cast<float>(top);
}

float faded(float sound, float level) {
  return level == 1.0f ? sound : sound * level;
}

float crossed(float input, float sound, float share) {
  return share == 1.0f ? sound : input * (1.0f - share) + sound * share;
}

float steepest(const std::vector<float>& heard) {
  float step = 0.0f;
  for (std::size_t n = 1; n < heard.size(); ++n)
    step = std::max(step, std::abs(heard[n] - heard[n - 1]));
  return step;
}

Audio level(int channels, int samples, float value) {
  Audio audio(channels, samples);
  for (int channel = 0; channel < channels; ++channel)
    juce::FloatVectorOperations::fill(audio.getWritePointer(channel), value, samples);
  return audio;
}

} // namespace

TEST_CASE("it plays the tape in the input's place, from its start to its end, sample by sample") {
  for (const double rate : {44100.0, 48000.0, 192000.0})
    for (const int channels : {1, 2}) {
      Deck deck(channels, rate);
      const int top = static_cast<int>(0.003 * rate) + 1;
      const int length = 40000, first = 1000;
      const Audio recording = noise(deck.random, channels, length);
      deck.run(3000);
      CHECK(deck.heard == deck.fed);
      deck.play(first / rate);
      deck.lay(recording);
      const auto begin = static_cast<int>(deck.heard.size());
      deck.run(length + 5000);
      const int over = begin + length - first; // the first sample after the end
      int wrong = 0;
      for (int n = 0; n < static_cast<int>(deck.heard.size()) - begin; ++n) {
        const auto index = static_cast<std::size_t>(begin + n);
        const int left = length - first - n;
        const float gain = ramp(std::min(n + 1, left), top);
        const float sound = left > 0 ? faded(recording.getSample(0, first + n), gain) : 0.0f;
        // At its end the input comes back.
        const float share = left > 0 ? ramp(n + 1, top) : ramp(top - 1 - (begin + n - over), top);
        wrong += deck.heard[index] != crossed(deck.fed[index], sound, share);
      }
      CHECK(wrong == 0);
      CHECK(deck.head.ended() == deck.order.serial);
      CHECK(deck.head.seconds() == doctest::Approx(first / rate));
    }
}

TEST_CASE("takes lie over the tape as they do over the input in place, A/B and mix too") {
  Deck deck;
  const Audio recording = noise(deck.random, 2, 100000);
  const auto result = std::make_shared<const Audio>(noise(deck.random, 2, 30000));
  const auto source = std::make_shared<const Audio>(noise(deck.random, 2, 30000));
  const auto programme = [&] {
    auto made = std::make_unique<Programme>();
    made->rate = kRate;
    Layer layer;
    layer.range = {20000, 50000};
    layer.result = result;
    layer.source = source;
    made->layers.push_back(layer);
    return made;
  };
  for (const auto audition : {Audition::result, Audition::source})
    for (const float mix : {1.0f, 0.3f}) {
      Deck listening;
      listening.controls.audition = audition;
      listening.controls.mix = mix;
      listening.player.give(programme());
      listening.play(10000 / kRate);
      listening.lay(recording);
      listening.run(60000);

      // What a host would play there.
      Player in_place;
      in_place.prepare(kRate, 2);
      in_place.give(programme());
      Audio expected(2, 60000);
      for (int channel = 0; channel < 2; ++channel)
        expected.copyFrom(channel, 0, recording, channel, 10000, 60000);
      auto transport = rolling();
      transport.position = 10000;
      in_place.process(expected, transport, listening.controls);
      int wrong = 0;
      for (int n = kFade; n < 60000; ++n)
        wrong += listening.heard[static_cast<std::size_t>(n)] != expected.getSample(0, n);
      CHECK(wrong == 0);
    }
}

TEST_CASE("a loop goes round for ever, each seam faded out and in") {
  Deck deck;
  const Audio recording = noise(deck.random, 2, 200000);
  const Range loop = {30000, 50000};
  deck.order.loop = Place{loop, kRate};
  deck.play(25000 / kRate);
  deck.lay(recording);
  deck.run(120000);
  int wrong = 0;
  Sample at = 25000, since = 0;
  for (int n = 0; n < 120000; ++n) {
    const float gain = ramp(std::min<Sample>(++since, loop.end - at));
    const float sound = faded(recording.getSample(0, static_cast<int>(at)), gain);
    if (n > kFade)
      wrong += deck.heard[static_cast<std::size_t>(n)] != sound;
    if (++at == loop.end) {
      at = loop.start;
      since = 0;
    }
  }
  CHECK(wrong == 0);
  CHECK(deck.head.ended() != deck.order.serial);

  // Shorter than its fades it is none; behind it, it is not gone back to.
  for (const Range other : {Range{100000, 100010}, Range{0, 10000}}) {
    deck.order.loop = Place{other, kRate};
    deck.locate(90000 / kRate);
    deck.run(120000);
    CHECK(deck.head.ended() == deck.order.serial);
    deck.play(0.5);
    deck.lay(recording);
    deck.run(100);
  }
}

TEST_CASE("start, stop, jump, loop, and what the host does to it: never a step in the sound") {
  Deck deck;
  deck.noisy = false;
  const Audio recording = level(2, 400000, 0.8f);
  const float gentle = 0.8f / kFade * 2.5f; // two fades may lie over each other
  Random random(11);
  int pieces = 30;
  deck.play(0.0);
  deck.lay(recording);
  deck.run(1000);
  for (int round = 0; round < 400; ++round) {
    switch (random.integer(0, 6)) {
    case 0:
      deck.locate(random.integer(0, 399000) / kRate);
      break;
    case 1:
      deck.stop();
      break;
    case 2:
      deck.play(random.integer(0, 399999) / kRate);
      deck.lay(recording, 0, pieces = random.integer(1, 30));
      break;
    case 3: {
      const int start = random.integer(0, 300000);
      deck.order.loop = Place{{start, start + random.integer(1, 5000)}, kRate};
      deck.give();
      break;
    }
    case 4:
      deck.order.loop.reset();
      deck.give();
      break;
    case 5: // the host rolls, or bypasses
      if (random.chance(0.1)) {
        deck.controls.bypass = random.chance(0.5);
        deck.block(400, deck.controls.bypass ? standing() : rolling());
        deck.controls.bypass = false;
        deck.order.playing = false;
      }
      break;
    default:
      deck.lay(recording, 0, ++pieces); // as far as it has been read
    }
    deck.run(random.integer(1, 2000));
  }
  CHECK(steepest(deck.heard) < gentle);
  CHECK(*std::max_element(deck.heard.begin(), deck.heard.end()) == 0.8f);
}

TEST_CASE(
    "it waits for a tape that is not there yet, silent, and goes on without leaving anything out") {
  Deck deck;
  deck.noisy = false;
  Audio recording(2, 3 * Tape::kPiece);
  for (int channel = 0; channel < 2; ++channel)
    for (int n = 0; n < recording.getNumSamples(); ++n)
      recording.setSample(channel, n, 0.1f + static_cast<float>(n) * 1e-5f);
  deck.play(0.0);
  deck.run(5000);
  CHECK(*std::max_element(deck.heard.begin(), deck.heard.end()) == 0.0f);
  deck.lay(recording, 0, 1);
  deck.run(30000);
  CHECK(deck.head.at() == Tape::kPiece);
  CHECK(deck.heard.back() == 0.0f);
  deck.lay(recording, 1, 2);
  deck.heard.clear();
  deck.run(1000);
  CHECK(deck.heard[500] == recording.getSample(0, Tape::kPiece + 500));
  CHECK(deck.head.ended() != deck.order.serial);
}

TEST_CASE("it ends where the host rolls, bypasses, or renders offline, and does not come back") {
  for (const char* const how : {"rolls", "bypasses", "offline", "plays without a place"}) {
    CAPTURE(how);
    const juce::String name(how);
    Deck deck;
    deck.play(0.0);
    deck.lay(level(2, 400000, 0.5f));
    deck.run(2000);
    CHECK(deck.heard.back() == 0.5f);
    auto transport = name == "rolls" ? rolling() : standing();
    deck.controls.bypass = name == "bypasses";
    transport.offline_flag = name == "offline";
    if (name == "plays without a place") {
      transport.playing = true;
      transport.has_position = false;
    }
    deck.block(kFade + 200, transport);
    const Sample tail = name == "offline" ? 0 : kFade;
    for (int n = static_cast<int>(tail); n < kFade + 200; ++n)
      REQUIRE(deck.out.getSample(0, n) == deck.input.getSample(0, n));
    if (tail == 0)
      CHECK(same(deck.out, deck.input));
    CHECK(deck.head.ended() == deck.order.serial);
    deck.controls.bypass = false;
    for (int n = 0; n < 5; ++n)
      deck.block(512);
    CHECK(same(deck.out, deck.input));
  }
}

TEST_CASE("an offline render never contains it, whenever it is asked for") {
  Deck deck;
  auto offline = standing();
  offline.offline_flag = true;
  for (int n = 0; n < 200; ++n) {
    if (n % 20 == 0) {
      deck.play(0.0);
      deck.lay(level(2, 400000, 0.5f));
    }
    deck.block(512, offline);
    deck.now -= 400 / kRate;
    REQUIRE(same(deck.out, deck.input));
  }
}

TEST_CASE("blocks that come too fast to be live end it, whatever the host says") {
  Deck deck;
  deck.play(0.0);
  deck.lay(level(2, 4000000, 0.5f));
  deck.run(100000);
  CHECK(deck.heard.back() == 0.5f);
  for (int n = 0; n < 20; ++n) {
    deck.block(8192);
    deck.now -= 8000 / kRate;
  }
  CHECK(deck.head.ended() == deck.order.serial);
  CHECK(same(deck.out, deck.input));
}

TEST_CASE("a file is played without takes, and leaves the place on the timeline") {
  Deck deck;
  auto programme = std::make_unique<Programme>();
  programme->rate = kRate;
  Layer layer;
  layer.range = {0, 48000};
  layer.result = std::make_shared<const Audio>(level(2, 48000, -0.9f));
  programme->layers.push_back(layer);
  deck.player.give(std::move(programme));
  deck.locate(2.0);
  deck.run(100);
  CHECK(deck.head.seconds() == 2.0);
  deck.order.file = true;
  deck.play(2.0);
  deck.lay(level(2, 20000, 0.25f));
  deck.run(5000);
  CHECK(deck.heard.back() == 0.25f);
  CHECK(deck.head.seconds() == 2.0);
}

} // namespace umtn::plugin::test
