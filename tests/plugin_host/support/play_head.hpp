// A host's play head, in a test's hands.
#pragma once

#include <juce_audio_basics/juce_audio_basics.h>

namespace umtn::plugin::test {

using Position = juce::AudioPlayHead::PositionInfo;

class PlayHead : public juce::AudioPlayHead {
public:
  juce::Optional<Position> position; // nothing: it says nothing
  juce::Optional<Position> getPosition() const override { return position; }

  void tell(std::int64_t samples, bool playing) {
    position = Position();
    position->setTimeInSamples(samples);
    position->setIsPlaying(playing);
  }
};

} // namespace umtn::plugin::test
