// What has been recorded, by its place on the timeline.
#pragma once

#include "../audio/wav.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace umtn::plugin {

// A stretch of the timeline, and where its sound lies.
struct Clip {
  Place place;
  juce::File file;
  Sample offset = 0; // of its first sample in the file
  int channels = 0;
  // Of a file that was recorded just now: whoever keeps a copy of the clip keeps the file.
  std::shared_ptr<const bool> in_use = nullptr;
};

// One channel becomes many by being repeated, many become one as their mean.
void set_channels(Audio& audio, int channels);
// The sentence about a recording whose file is gone.
juce::String unreadable(const Clip& clip);

// Clips in order, none over another: what is recorded later replaces what was there.
class CapturedTimeline {
public:
  void record(const Clip& clip);
  void clear() { clips_.clear(); }
  // Clips of files that lie elsewhere now, by their old whole names.
  void move_files(const std::map<juce::String, juce::File>& moved);

  const std::vector<Clip>& clips() const { return clips_; }
  // What is covered of a range, in order, neighbours joined.
  std::vector<Range> covered(Range range, double rate) const;

  // Writes the place into a new WAV, silence where nothing was recorded. Returns an empty string,
  // or a sentence that says what went wrong; then there is no file.
  juce::String extract(const Place& place, int channels, const juce::File& file,
                       const std::atomic<bool>* cancelled = nullptr) const;

private:
  using Clips = std::vector<Clip>;
  Clips::iterator cut(const Place& place);
  Clips clips_;
};

} // namespace umtn::plugin
