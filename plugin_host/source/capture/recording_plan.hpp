// Where each block of input goes: into which file, and to which place of the timeline.
#pragma once

#include "capture_fifo.hpp"
#include "captured_timeline.hpp"

#include <optional>

namespace umtn::plugin {

// A name that no other file has.
juce::File new_recording(const juce::File& folder);

// Only counts, so that what is still to be written can be described by a copy of it. Blocks one
// after another are one stretch; where they jump, a new one begins in the same file, so that a loop
// makes one file and not one each time round.
class RecordingPlan {
public:
  using Block = CaptureFifo::Block;

  // Takes a block in, and returns the one before it, which is to be written now. Where the position
  // has stood still, as in a pre-roll that is held at 0, only the last block was really there.
  std::optional<Block> hold(const Block& block);
  // The same where no more blocks come.
  std::optional<Block> release();

  // Where the next file lies. A file that somebody has been told of stays the next.
  void set_next_file(const juce::File& file);
  void promise_next_file() { next_promised_ = true; }

  // Whether the block needs a file of its own.
  bool needs_file(const Block& block) const;
  // It is going to be written, in the next file where it needs one.
  void write(const Block& block);
  // So much of what was last to be written was not, and the file is given up.
  void lose(Sample samples);
  // What comes goes into another file.
  void close();

  const juce::File& file() const { return file_; }
  const juce::File& next_file() const { return next_; }
  // What lies in files, or will, and is not on the timeline yet; in the order of time.
  const std::vector<Clip>& stretches() const { return stretches_; }
  bool has_stretches(const juce::File& file) const;
  // Takes those of a file out, to be put on the timeline.
  std::vector<Clip> settle(const juce::File& file);
  // Of all clips of the file.
  std::weak_ptr<const bool> in_use() const { return in_use_; }

private:
  std::optional<Block> held_;
  int repeats_ = 0; // blocks before the held one that were at its place

  juce::File file_, next_;
  bool next_promised_ = false;
  std::shared_ptr<const bool> in_use_;
  double rate_ = 0.0;
  int channels_ = 0;
  Sample length_ = 0; // of the file
  Sample end_ = 0;    // of the last stretch
  std::vector<Clip> stretches_;
};

} // namespace umtn::plugin
