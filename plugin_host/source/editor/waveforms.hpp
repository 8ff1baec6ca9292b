// The waveforms of all files that are drawn: built once, in the background, and kept.
#pragma once

#include "../capture/capture.hpp"

#include <condition_variable>
#include <deque>
#include <juce_audio_formats/juce_audio_formats.h>
#include <map>
#include <mutex>
#include <thread>

namespace umtn::plugin {

// What is being recorded has its waveform from Capture; of all other files a thread makes one, from
// the start on, so that it is seen while it grows. It belongs to the plugin and not to its window:
// a window that is opened again has all at once.
class Waveforms {
public:
  struct Waveform {
    std::shared_ptr<const Peaks> peaks; // nullptr: not yet
    double rate = 0.0;                  // 0 where only who recorded it knows
  };

  explicit Waveforms(const Capture& capture) : capture_(capture) {}
  ~Waveforms();

  // What there is of it; it is asked for if there is none.
  Waveform of(const juce::File& file);
  // Grows with each waveform that was built, and while one is.
  juce::uint64 revision() const { return revision_; }
  bool grew_since(const juce::File& file, juce::uint64 revision) const;
  // No other files are needed any more.
  void keep_only(const std::vector<juce::File>& files);

private:
  struct Entry {
    std::shared_ptr<Peaks> peaks;
    double rate = 0.0;
    juce::uint64 revision = 0;
    bool under_way = true;
    double failed_at = -1.0;
    Sample bytes = 0;
  };

  void ask(const juce::String& path); // with the lock
  void run();
  void build(const juce::String& path);
  bool wanted(const juce::String& path) const;
  void grew(const juce::String& path);
  void finish(const juce::String& path, bool made);

  const Capture& capture_;
  juce::AudioFormatManager formats_;
  std::atomic<juce::uint64> revision_{0};
  mutable std::mutex mutex_; // guards what follows
  std::condition_variable wake_;
  std::map<juce::String, Entry> entries_; // by the file's whole name
  std::deque<juce::String> queue_;
  bool ending_ = false;
  std::thread thread_;
};

} // namespace umtn::plugin
