// Blocks of audio with their places, from the audio thread to the writer.
#pragma once

#include "../audio/realtime.hpp"
#include "../timeline/range.hpp"

#include <juce_audio_basics/juce_audio_basics.h>
#include <vector>

namespace umtn::plugin {

class CaptureFifo {
public:
  struct Block {
    Sample start = 0;
    double rate = 0.0;
    int channels = 0;
    int samples = 0;
  };

  // Room for so many samples of each channel. Neither side may be at work.
  void prepare(int channels, int samples);

  // The audio thread: false where there is no room, and then nothing is stored.
  bool push(const Block& block, const float* const* channels) noexcept UMTN_REALTIME;

  // The writer: the oldest block into `audio`, which grows as needed. False where there is none.
  bool pop(Block& block, juce::AudioBuffer<float>& audio);
  bool empty() const { return blocks_.getNumReady() == 0; }
  // The writer's end: what lies in it, the oldest first, after what is in `blocks`.
  void look(std::vector<Block>& blocks) const;

private:
  juce::AbstractFifo blocks_{1}, samples_{1};
  std::vector<Block> headers_;
  std::vector<float> data_; // a block's channels one after another
};

} // namespace umtn::plugin
