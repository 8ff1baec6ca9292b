// Audio files that somebody drops or opens: copied into the session, and put on the timeline.
#pragma once

#include "../bridge/messages.hpp"
#include "../capture/capture.hpp"
#include "../timeline/region.hpp"
#include "board.hpp"

#include <deque>
#include <functional>

namespace umtn::plugin {

// The core's thread alone; no step takes longer than some milliseconds, however long the file. The
// session has a copy of its own, a float WAV at the file's own rate, so that a project stays whole.
class AudioImport {
public:
  // Reads what JUCE does not, and answers on any thread.
  using Convert =
      std::function<void(const juce::File& input, const juce::File& output, OnAnswer answer)>;
  // Has something called on the core's thread.
  using Ask = std::function<void(std::function<void()>)>;

  AudioImport(Board& board, Capture& capture, Region& region, Convert convert, Ask ask);
  ~AudioImport(); // what is not whole goes

  // The first begins where the place begins, each other at the end of the one before; together they
  // are the region.
  void begin(const std::vector<juce::File>& files, const Place& start);
  // Does a part of what is to be done; whether there is more that need not be waited for.
  bool step();

private:
  struct Batch {
    std::deque<juce::File> files;
    Place start;                 // of the next
    std::optional<Place> region; // so far
  };
  struct Copy; // of one file, under way
  struct Loan; // a file that the bridge reads

  void open();
  void lend(const juce::File& file);
  void lend_some();
  void converted(const Answer& answer);
  void copy_some();
  void put(const juce::File& file, const WavInfo& info, std::shared_ptr<const Peaks> peaks);
  void fail(const juce::String& message);
  void next_file();
  juce::File new_file(const juce::File& original) const;

  Board& board_;
  Capture& capture_;
  Region& region_;
  const Convert convert_;
  const Ask ask_;
  juce::AudioFormatManager formats_;
  std::deque<Batch> batches_;
  std::unique_ptr<Copy> copy_;
  std::unique_ptr<Loan> loan_;
  bool converting_ = false;
  juce::String trouble_; // of a file of this batch
};

} // namespace umtn::plugin
