// Plays what was recorded, and what became of it, while the host stands still.
#pragma once

#include "tape_head.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace umtn::plugin {

// A thread of its own reads the recordings ahead of what is heard; it starts with the first play.
// The takes are the player's, so that everything sounds as it does in place: the mix, the
// crossfades, and A/B. Ends by itself at the end, and where the host rolls, bypasses, or renders.
class Listen {
public:
  // `material` is called on any thread but the audio thread.
  Listen(Player& player, std::function<Material()> material);
  ~Listen() { end(); }
  // Asks for no more material from here on.
  void end();

  // Before audio starts. Ends what plays.
  void prepare(double rate, int channels);
  // Every block: what is heard, the player's part included.
  void process(juce::AudioBuffer<float>& audio, const Transport& transport,
               const PlayControls& controls) noexcept UMTN_REALTIME {
    head_.process(audio, transport, controls, steady_seconds());
  }

  // From here on any other thread. None of these waits for disk or audio.

  // From where it was located or stopped; from the start of the material where it never was since
  // the host last rolled, and where there is nothing any more.
  void play();
  // One file, from its start. What it is played for does not move the position.
  void play(const juce::File& file);
  void stop();
  bool playing() const;
  bool playing_file() const;
  // Seconds on the timeline. While it plays it goes on from there.
  void locate(double seconds);
  // Where it is, or where the next play() begins, once it has been located or has played.
  double position() const;
  bool placed() const;
  // Goes round in this place until it is given none.
  void loop(std::optional<Place> place);
  // What is wrong, in a sentence, or empty.
  juce::String message() const;

private:
  bool is_playing() const { return order_.playing && head_.ended() != order_.serial; }
  double where() const;
  void begin(bool file, double seconds);
  void give();
  void run();
  void let_go();
  bool read_on(std::unique_lock<std::mutex>& lock);
  std::vector<Sample> needed(const Order& order, double rate, Sample end) const;
  static Material material_of(const juce::File& file, juce::String& trouble);

  const std::function<Material()> material_;
  TapeHead head_;

  // The reader's.
  unsigned read_order_ = 0;
  double read_rate_ = 0.0;
  int read_channels_ = 0;
  Material read_;
  std::vector<Tape::Piece> pieces_;
  std::vector<Sample> given_;

  mutable std::mutex mutex_; // guards what follows
  std::condition_variable wake_;
  Order order_;
  juce::File file_;
  double rate_ = 0.0;
  int channels_ = 0;
  unsigned blocks_ = 0;    // when play() was called, or later
  double blocks_at_ = 0.0; // when there were as many
  juce::String message_;
  bool ending_ = false;
  std::thread reader_;
};

} // namespace umtn::plugin
