// The audio thread's side of listening: moves along a tape, and fades where it jumps.
#pragma once

#include "../audio/handover.hpp"
#include "player.hpp"
#include "tape.hpp"

#include <array>
#include <atomic>
#include <optional>

namespace umtn::plugin {

// What listening shall do from now on.
struct Order {
  unsigned serial = 0;  // of the tape that it is for; another one is other material
  unsigned jump = 0;    // grows where it shall go somewhere
  double seconds = 0.0; // there, on the timeline; a file is played from its start
  bool playing = false;
  bool file = false; // one file, which is on no timeline: no takes lie over it
  std::optional<Place> loop;
};

// While it plays, what is recorded takes the input's place, and the player puts takes over it as if
// the host rolled there. Every jump, start and end is faded; where the tape is not there yet it
// waits, silent. Ends at once, with what sounded dying away, where the host rolls, bypasses, or
// renders offline.
class TapeHead {
public:
  explicit TapeHead(Player& player) : player_(player) {}
  TapeHead(const TapeHead&) = delete;
  TapeHead& operator=(const TapeHead&) = delete;
  ~TapeHead();

  // Before audio starts. Ends what plays.
  void prepare(double rate);
  // Every block, which begins now, in the steady clock's seconds: in the player's place, which is
  // called from here.
  void process(juce::AudioBuffer<float>& audio, const Transport& transport,
               const PlayControls& controls, double now) noexcept UMTN_REALTIME;

  // One other thread for each of the two.
  void give(std::unique_ptr<const Order> order) { orders_.give(std::move(order)); }
  void give(std::unique_ptr<const Tape> tape) { tapes_.give(std::move(tape)); }

  // Any thread.
  Sample at() const { return at_; }           // on the tape of the last order taken
  double seconds() const { return seconds_; } // on the timeline
  unsigned jump() const { return jump_; }     // the last that was made
  unsigned ended() const { return ended_; }   // the serial of the last order that is over
  unsigned blocks() const { return blocks_; } // that there were
  bool rolled() const { return rolled_; }     // since forget_roll()
  void forget_roll() { rolled_ = false; }

private:
  static constexpr int kChunk = 256;
  static constexpr int kMostChannels = 16;

  struct Limit { // where the sound has to be faded out
    Sample at = 0;
    enum class Why { end, loop, missing } why = Why::end;
  };

  void take_order() noexcept UMTN_REALTIME;
  void take_tape() noexcept UMTN_REALTIME;
  Sample start() const noexcept UMTN_REALTIME;
  void adopt() noexcept UMTN_REALTIME;
  void end() noexcept UMTN_REALTIME;
  bool stopping() const noexcept UMTN_REALTIME { return over_ || !wanted_.playing; }
  bool tape_fits() const noexcept UMTN_REALTIME;
  Range loop() const noexcept UMTN_REALTIME;
  Limit limit(int most) noexcept UMTN_REALTIME;
  int plan(int most) noexcept UMTN_REALTIME;
  int be_present(int samples) noexcept UMTN_REALTIME;
  void sound(juce::AudioBuffer<float>& audio, int first, int samples, const Transport& transport,
             const PlayControls& controls) noexcept UMTN_REALTIME;
  void die_away(juce::AudioBuffer<float>& audio) noexcept UMTN_REALTIME;

  Player& player_;
  Handover<Order> orders_;
  Handover<Tape> tapes_;

  // The audio thread's.
  double rate_ = 0.0;
  int top_ = 1; // a gain of 1, in steps of one a sample
  Pace pace_;
  Order wanted_, now_;                // the newest, and the one whose place is heard
  const Order* used_order_ = nullptr; // to be given back
  const Tape *tape_ = nullptr, *next_tape_ = nullptr, *used_tape_ = nullptr;
  bool active_ = false;
  bool over_ = false;      // what was ordered is at its end
  bool advancing_ = false; // in the chunk that was planned
  bool in_loop_ = false;   // came to where it is from before the loop's end
  Sample position_ = 0;
  int level_ = 0;    // of what is heard: 0 to top_
  int presence_ = 0; // of listening beside the input: 0 to top_
  std::array<int, kChunk> levels_{}, presences_{};
  std::array<std::array<float, kChunk>, kMostChannels> heard_{};
  std::array<float, kMostChannels> last_{}; // by how much the output differed from the input
  std::array<float, kMostChannels> tail_{}; // the same where it was cut
  int dying_ = 0;                           // samples for which that still sounds

  std::atomic<Sample> at_{0};
  std::atomic<double> seconds_{0.0};
  std::atomic<unsigned> jump_{0}, ended_{0}, blocks_{0};
  std::atomic<bool> rolled_{true};
};

} // namespace umtn::plugin
