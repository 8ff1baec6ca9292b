// Overviews of WAV files, read in the background.
#pragma once

#include <functional>
#include <juce_audio_utils/juce_audio_utils.h>
#include <map>

namespace umtn::plugin {

class Waveforms : private juce::ChangeListener {
public:
  Waveforms();
  ~Waveforms() override;

  // Draws so many seconds of the file into the area.
  void draw(juce::Graphics& graphics, juce::Rectangle<int> area, const juce::File& file,
            double start, double length);
  // Files that grew are read again.
  void refresh();

  std::function<void()> on_change;

private:
  struct Overview {
    std::unique_ptr<juce::AudioThumbnail> thumbnail;
    juce::int64 size = 0;
  };
  void changeListenerCallback(juce::ChangeBroadcaster*) override;
  void read(const juce::File& file, Overview& overview);

  juce::AudioFormatManager formats_;
  juce::AudioThumbnailCache cache_{64}; // with a thread of its own
  std::map<juce::String, Overview> overviews_;
};

} // namespace umtn::plugin
