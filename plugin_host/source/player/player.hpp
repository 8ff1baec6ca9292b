// Plays finished takes in place of the input.
#pragma once

#include "../audio/handover.hpp"
#include "../timeline/pace.hpp"
#include "programme.hpp"

#include <atomic>

namespace umtn::plugin {

enum class Audition { result, source };

struct PlayControls {
  float mix = 1.0f; // 0: the input, 1: the take
  Audition audition = Audition::result;
  bool bypass = false;
};

// Where a take covers the timeline the input becomes dry * (1 - mix) + take * mix, crossfaded over
// the first and last milliseconds of the take. What is heard at a place depends on the place alone,
// not on blocks and jumps. Elsewhere, stopped, and bypassed, the input is left as it is, bit by
// bit.
class Player {
public:
  static constexpr double kFadeSeconds = 0.003;
  // The crossfade's length at a take's either end, in samples.
  static Sample fade_length(double rate, Sample take_length);

  // Before audio starts.
  void prepare(double rate, int channels);
  // Every block.
  void process(juce::AudioBuffer<float>& audio, const Transport& transport,
               const PlayControls& controls) noexcept UMTN_REALTIME;
  // The programme shall change because of what the audio thread itself saw (a render trigger);
  // an offline render may wait for it.
  void expect() noexcept UMTN_REALTIME;

  // From here on one other thread.

  // A programme at another rate than the host's is silent.
  void give(std::unique_ptr<const Programme> programme) { programmes_.give(std::move(programme)); }
  void collect() { programmes_.collect(); }
  unsigned expected() const { return expected_; }

  // How long an offline render waits for takes under way, in all, in seconds; 0: not at all.
  void set_longest_wait(double seconds) { longest_wait_ = seconds; }
  void cancel_wait() { ++cancels_; }
  bool waiting() const { return waiting_; }

private:
  struct View; // a programme and what of it is heard
  void wait_for_takes(const Transport& transport, int samples,
                      const PlayControls& controls) noexcept;
  bool awaits(Range block) const noexcept;
  void render(const Programme* programme, Audition audition, const Audio& dry, int samples,
              Sample position, Audio& out) noexcept UMTN_REALTIME;

  static constexpr int kChunk = 512;
  double rate_ = 0.0;
  Handover<Programme> programmes_;
  const Programme* heard_ = nullptr; // nullptr: the input
  const Programme* held_ = nullptr;  // the newest taken
  const Programme* fading_ = nullptr;
  Audition audition_ = Audition::result, fading_audition_ = Audition::result;
  int fade_done_ = 0, fade_length_ = 0;
  float mix_ = -1.0f; // negative: takes the control's value at once
  float mix_step_ = 0.0f;
  Audio dry_, other_;
  Pace pace_;
  double waited_ = 0.0;

  std::atomic<unsigned> expected_{0}, cancels_{0};
  std::atomic<double> longest_wait_{600.0};
  std::atomic<bool> waiting_{false};
};

} // namespace umtn::plugin
