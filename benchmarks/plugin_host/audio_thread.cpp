// What the plugin costs the audio thread: the part of a block's time that it takes.
//
//   audio_thread [SECONDS]
//
// One stereo session at 48 kHz in blocks of 64 samples: capture on, takes under and beside each
// other, and a host that loops. Asked is less than 1 %.
#include "core.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

using namespace umtn::plugin;

namespace {

constexpr double kRate = 48000.0;
constexpr int kSamples = 64;
constexpr int kChannels = 2;

std::unique_ptr<Programme> programme(int takes) {
  auto made = std::make_unique<Programme>();
  made->rate = kRate;
  for (int take = 0; take < takes; ++take) {
    const int length = 48000;
    auto sound = std::make_shared<Audio>(kChannels, length);
    for (int channel = 0; channel < kChannels; ++channel)
      for (int n = 0; n < length; ++n)
        sound->setSample(channel, n, static_cast<float>(n % 100) / 100.0f - 0.5f);
    const Sample start = (take / 4) * 48000; // four over each other
    made->layers.push_back({{start, start + length}, sound, nullptr});
  }
  return made;
}

void print(const char* name, std::vector<double> parts) {
  double sum = 0.0;
  for (const double part : parts)
    sum += part;
  std::sort(parts.begin(), parts.end());
  const auto at = [&](double rank) {
    return 100.0 * parts[static_cast<std::size_t>(rank * static_cast<double>(parts.size() - 1))];
  };
  std::printf("%-34s %8.3f %% %8.3f %% %8.3f %% %8.3f %%\n", name,
              100.0 * sum / static_cast<double>(parts.size()), at(0.5), at(0.99), at(0.999));
}

void measure(const char* name, int takes, bool armed, float mix, bool bypass, double seconds) {
  Capture capture;
  Player player;
  Region region;
  const auto folder = juce::File::getSpecialLocation(juce::File::tempDirectory)
                          .getChildFile("umtn-benchmark-" + juce::Uuid().toString());
  capture.set_folder(folder);
  capture.prepare(kRate, kSamples, kChannels);
  player.prepare(kRate, kChannels);
  player.give(programme(takes));

  Transport transport;
  transport.rate = kRate;
  transport.playing = transport.has_position = true;
  PlayControls controls;
  controls.mix = mix;
  controls.bypass = bypass;
  Audio audio(kChannels, kSamples);
  const double block_seconds = kSamples / kRate;
  std::vector<double> parts;
  const auto begin = steady_seconds();
  while (steady_seconds() - begin < seconds) {
    for (int channel = 0; channel < kChannels; ++channel)
      for (int n = 0; n < kSamples; ++n)
        audio.setSample(channel, n, 0.1f);
    const double before = steady_seconds();
    region.observe(transport, kSamples);
    capture.process(audio, transport, armed);
    player.process(audio, transport, controls);
    parts.push_back((steady_seconds() - before) / block_seconds);
    transport.position = (transport.position + kSamples) % 48000;
    // About twenty times as fast as a host, so that the writer keeps up.
    if (parts.size() % 64 == 0)
      std::this_thread::sleep_for(std::chrono::milliseconds(4));
  }
  print(name, parts);
  if (const auto lost = capture.report().lost; lost > 0)
    std::printf("%lld samples lost\n", static_cast<long long>(lost));
  folder.deleteRecursively();
}

// Listening while the host stands still, over a tape that lies there.
void measure_listening(double seconds) {
  Player player;
  TapeHead head(player);
  player.prepare(kRate, kChannels);
  player.give(programme(400));
  head.prepare(kRate);
  Order order;
  order.serial = order.jump = 1;
  order.playing = true;
  order.loop = Place{{0, 48000}, kRate};
  auto tape = std::make_unique<Tape>();
  tape->order = 1;
  tape->rate = kRate;
  tape->end = 48000;
  for (Sample at = 0; at < 6 * Tape::kPiece; at += Tape::kPiece) {
    Audio sound(kChannels, Tape::kPiece);
    sound.clear();
    tape->pieces.push_back({at, std::make_shared<const Audio>(std::move(sound))});
  }
  head.give(std::make_unique<const Order>(order));
  head.give(std::unique_ptr<const Tape>(std::move(tape)));

  Transport transport;
  transport.rate = kRate;
  transport.has_position = true;
  PlayControls controls;
  controls.mix = 0.5f;
  Audio audio(kChannels, kSamples);
  audio.clear();
  double now = 0.0; // the pace of live sound
  std::vector<double> parts;
  const auto begin = steady_seconds();
  while (steady_seconds() - begin < seconds) {
    const double before = steady_seconds();
    head.process(audio, transport, controls, now);
    parts.push_back((steady_seconds() - before) * kRate / kSamples);
    now += kSamples / kRate;
  }
  print("listening, 400 takes, 4 heard", parts);
  if (head.ended() != 0)
    std::printf("but it stopped\n");
}

// The thread beside it that reads recordings of another rate.
void measure_reading() {
  const auto folder = juce::File::getSpecialLocation(juce::File::tempDirectory)
                          .getChildFile("umtn-benchmark-" + juce::Uuid().toString());
  Clip clip;
  clip.file = folder.getChildFile("recorded.wav");
  clip.place = {{0, 441000}, 44100.0};
  clip.channels = kChannels;
  Audio sound(kChannels, 441000);
  sound.clear();
  auto writer = WavWriter::create(clip.file, 44100.0, kChannels, 0);
  if (writer == nullptr || !writer->write(sound.getArrayOfReadPointers(), 441000) ||
      !writer->flush())
    return;
  CapturedTimeline captured;
  captured.record(clip);
  juce::String trouble;
  const auto begin = steady_seconds();
  constexpr int kPieces = 20;
  for (Sample piece = 0; piece < kPieces; ++piece)
    read_recorded(captured, {piece * Tape::kPiece, (piece + 1) * Tape::kPiece}, kRate, kChannels,
                  trouble);
  std::printf("its reader at 44.1 kHz: %.2f %% of a core\n",
              100.0 * (steady_seconds() - begin) / (kPieces * Tape::kPiece / kRate));
  folder.deleteRecursively();
}

} // namespace

int main(int count, char** words) {
  const double seconds = count > 1 ? std::atof(words[1]) : 3.0;
  std::printf("48 kHz, stereo, blocks of 64 samples: part of the block's time\n");
  std::printf("%-34s %10s %10s %10s %10s\n", "", "mean", "median", "99 %", "99.9 %");
  measure("bypassed", 4, false, 1.0f, true, seconds);
  measure("no takes", 0, false, 1.0f, false, seconds);
  measure("capture", 0, true, 1.0f, false, seconds);
  measure("4 takes over each other, mix 0.5", 4, false, 0.5f, false, seconds);
  measure("400 takes, 4 heard, and capture", 400, true, 0.5f, false, seconds);
  measure_listening(seconds);
  measure_reading();
  return 0;
}
