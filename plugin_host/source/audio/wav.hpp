// Float WAV files: written so that a crash leaves them usable, read into memory.
#pragma once

#include "../timeline/range.hpp"

#include <juce_audio_formats/juce_audio_formats.h>
#include <memory>
#include <optional>

namespace umtn::plugin {

using Audio = juce::AudioBuffer<float>;

struct WavInfo {
  double rate = 0.0;
  int channels = 0;
  Sample length = 0;
};

// A growing 32-bit float WAV; RF64 past 4 GB. Its header holds the time reference, so that a DAW
// can put the file where it was recorded.
class WavWriter {
public:
  // Makes the file, which must not exist, and its folder. nullptr where that fails.
  static std::unique_ptr<WavWriter> create(const juce::File& file, double rate, int channels,
                                           Sample time_reference);
  // The same into any stream that can seek.
  static std::unique_ptr<WavWriter> create(std::unique_ptr<juce::OutputStream> stream, double rate,
                                           int channels, Sample time_reference);

  bool write(const float* const* channels, int samples);
  // Puts everything up to now, and a header that says so, in the hands of the operating system.
  bool flush();
  Sample length() const { return length_; }
  // How much of that is in the file, even where a flush has failed.
  Sample safe_length() const;

private:
  WavWriter() = default;
  std::unique_ptr<juce::AudioFormatWriter> writer_;
  juce::FileOutputStream* file_ = nullptr; // the writer's, where it is a file
  juce::int64 data_start_ = 0;
  Sample length_ = 0;
};

// Makes it, and what it lies in: what is recorded is nobody's business but the user's.
bool make_private_folder(const juce::File& folder);

// What is no number becomes silence.
void silence_no_numbers(Audio& audio);

std::optional<WavInfo> wav_info(const juce::File& file);

// The range of the file, with silence beyond its ends; nothing where the file cannot be read.
std::optional<Audio> read_wav(const juce::File& file, Range range);
// The whole file.
std::optional<Audio> read_wav(const juce::File& file);

} // namespace umtn::plugin
