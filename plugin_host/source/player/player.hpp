// Plays finished takes in place of the input.
#pragma once

#include "../audio/handover.hpp"
#include "../timeline/pace.hpp"
#include "programme.hpp"

#include <array>
#include <atomic>

namespace umtn::plugin {

enum class Audition { result, source };

struct PlayControls {
  float mix = 1.0f; // 0: the input, 1: the take
  Audition audition = Audition::result;
  bool bypass = false;
};

// Where a take covers the timeline the input becomes input * (1 - mix) + take * mix, crossfaded
// over the first and last milliseconds of the take. What is heard at a place depends on the place
// alone, not on blocks and jumps. Elsewhere, stopped, and bypassed, the input is left as it is, bit
// by bit. What changes while it sounds (a new take, A/B, bypass) is crossfaded too.
class Player {
public:
  static constexpr double kFadeSeconds = 0.003;
  // How much of a take is heard beside the input at its sample n: 0 to 1.
  static float window(Sample n, Sample length, double rate) noexcept UMTN_REALTIME;

  Player() = default;
  Player(const Player&) = delete;
  Player& operator=(const Player&) = delete;
  ~Player();

  // Before audio starts.
  void prepare(double rate, int channels);
  // Every block.
  void process(juce::AudioBuffer<float>& audio, const Transport& transport,
               const PlayControls& controls) noexcept UMTN_REALTIME;

  // The programme is going to change: an offline render may wait until it has. Any thread.
  void expect() noexcept UMTN_REALTIME { ++expected_; }
  unsigned expected() const { return expected_; }

  // From here on one other thread.

  // A programme at another rate than the host's is silent.
  void give(std::unique_ptr<const Programme> programme) { programmes_.give(std::move(programme)); }
  void collect() { programmes_.collect(); }

  // How long an offline render waits for takes under way, in seconds; 0: not at all.
  void set_longest_wait(double seconds) { longest_wait_ = seconds; }
  void cancel_wait() { ++cancels_; }
  bool waiting() const { return waiting_; }

private:
  // What is heard: the takes of a programme, or the input.
  struct View {
    const Programme* programme = nullptr;
    Audition audition = Audition::result;
    bool bypass = true;

    bool operator==(const View& other) const {
      return bypass == other.bypass &&
             (bypass || (programme == other.programme && audition == other.audition));
    }
  };

  bool wait_for_takes(const Transport& transport, int samples, Audition audition) noexcept;
  bool take_newest() noexcept UMTN_REALTIME;
  bool awaits(Range block, Audition audition) const noexcept UMTN_REALTIME;
  void change_view(const PlayControls& controls, bool at_once) noexcept UMTN_REALTIME;
  void process_chunk(float* const* channels, int count, int samples,
                     Sample position) noexcept UMTN_REALTIME;
  void fill_mix(int samples) noexcept UMTN_REALTIME;
  void render(const View& view, float* const* channels, int count, int samples,
              Sample position) const noexcept UMTN_REALTIME;
  void render_layer(Sample start, Sample length, const Audio& sound, float* const* channels,
                    int count, Range chunk) const noexcept UMTN_REALTIME;

  static constexpr int kChunk = 256;
  static constexpr int kMostChannels = 16;
  using Chunk = std::array<std::array<float, kChunk>, kMostChannels>;

  double rate_ = 0.0;
  int fade_ = 1; // of changes, in samples

  Handover<Programme> programmes_;
  const Programme* newest_ = nullptr; // taken; what is played, or shall be
  const Programme* old_ = nullptr;    // to be given back when it has faded
  View now_, before_;
  int fade_left_ = 0;
  float mix_ = 1.0f, mix_wanted_ = 1.0f;
  bool mix_steady_ = true;
  bool fresh_ = true; // nothing has sounded yet that a change would have to fade from
  Sample next_position_ = 0;
  bool was_rolling_ = false;

  Chunk dry_, other_;
  std::array<float, kChunk> mixes_;

  Pace pace_;
  double waited_ = 0.0;
  bool gave_up_ = false;
  std::atomic<unsigned> expected_{0}, cancels_{0};
  std::atomic<double> longest_wait_{600.0};
  std::atomic<bool> waiting_{false};
};

} // namespace umtn::plugin
