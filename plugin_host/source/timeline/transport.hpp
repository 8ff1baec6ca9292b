// What the host says about time, once a block.
#pragma once

#include "../audio/realtime.hpp"
#include "range.hpp"

#include <atomic>
#include <juce_audio_basics/juce_audio_basics.h>
#include <optional>

namespace umtn::plugin {

// A snapshot for one block. Positions are samples of the timeline at the host's rate.
struct Transport {
  double rate = 0.0;
  bool playing = false;
  bool has_position = false; // the first blocks may have none, some hosts never do
  Sample position = 0;       // of the block's first sample
  bool has_loop = false;
  Range loop;
  double bpm = 0.0; // 0 where the host has none
  bool has_beats = false;
  double quarter = 0.0;     // of the block's first sample, in quarter notes from the start
  double bar_quarter = 0.0; // where its bar begins
  int beats_in_bar = 4, beat_unit = 4;
  bool offline_flag = false; // what the host says; not to be trusted alone, see Pace

  double bar_quarters() const { return 4.0 * beats_in_bar / beat_unit; }
  // Whether this block has a place on the timeline.
  bool rolling() const { return playing && has_position; }
  Range block(int samples) const { return {position, position + samples}; }
  // The same so much later, its beats included.
  void move_by(Sample samples) noexcept UMTN_REALTIME;
};

// Asks the play head. Without one (nullptr) there is no position.
Transport read_transport(juce::AudioPlayHead* head, double rate,
                         bool offline_flag) noexcept UMTN_REALTIME;

// A transport of one's own, where there is no host to have one (the standalone program).
class OwnTransport {
public:
  void play() { playing_ = true; }
  void stop() { playing_ = false; }
  bool playing() const { return playing_; }
  void locate(Sample position) { wanted_ = position; }

  // The next block's; moves on by its samples.
  Transport advance(double rate, int samples) noexcept UMTN_REALTIME;

private:
  static constexpr Sample kNowhere = -1;
  std::atomic<bool> playing_{false};
  std::atomic<Sample> wanted_{kNowhere};
  Sample position_ = 0; // the audio thread's
};

} // namespace umtn::plugin
