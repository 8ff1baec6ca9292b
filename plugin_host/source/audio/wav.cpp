#include "wav.hpp"

#include <cmath>
#include <limits>

#if !JUCE_WINDOWS
#include <sys/stat.h>
#endif

namespace umtn::plugin {
namespace {

std::unique_ptr<juce::AudioFormatReader> open(const juce::File& file) {
  auto stream = file.createInputStream();
  if (stream == nullptr)
    return nullptr;
  return std::unique_ptr<juce::AudioFormatReader>(
      juce::WavAudioFormat().createReaderFor(stream.release(), true));
}

std::optional<Audio> read(juce::AudioFormatReader& reader, Range range) {
  if (range.length() < 0 || range.length() > std::numeric_limits<int>::max())
    return std::nullopt;
  const int length = static_cast<int>(range.length());
  Audio audio(static_cast<int>(reader.numChannels), length);
  if (!reader.read(audio.getArrayOfWritePointers(), audio.getNumChannels(), range.start, length))
    return std::nullopt;
  return audio;
}

} // namespace

bool make_private_folder(const juce::File& folder) {
#if JUCE_WINDOWS
  return folder.createDirectory().wasOk();
#else
  if (folder.isDirectory())
    return true;
  const auto parent = folder.getParentDirectory();
  if (parent == folder || !make_private_folder(parent))
    return false;
  return mkdir(folder.getFullPathName().toRawUTF8(), 0700) == 0 || folder.isDirectory();
#endif
}

std::unique_ptr<WavWriter> WavWriter::create(const juce::File& file, double rate, int channels,
                                             Sample time_reference) {
  if (file.exists() || !make_private_folder(file.getParentDirectory()))
    return nullptr;
  auto stream = std::make_unique<juce::FileOutputStream>(file);
  if (stream->failedToOpen())
    return nullptr;
  auto* const written = stream.get();
  auto writer = create(std::move(stream), rate, channels, time_reference);
  if (writer != nullptr) {
    writer->file_ = written;
    writer->data_start_ = written->getPosition();
  }
  return writer;
}

std::unique_ptr<WavWriter> WavWriter::create(std::unique_ptr<juce::OutputStream> stream,
                                             double rate, int channels, Sample time_reference) {
  const auto metadata = juce::WavAudioFormat::createBWAVMetadata(
      {}, "umtn", {}, juce::Time::getCurrentTime(), std::max<Sample>(0, time_reference), {});
  auto* const format = juce::WavAudioFormat().createWriterFor(
      stream.get(), rate, static_cast<unsigned>(channels), 32, metadata, 0);
  if (format == nullptr)
    return nullptr;
  stream.release(); // the format's writer has it
  std::unique_ptr<WavWriter> writer(new WavWriter);
  writer->writer_.reset(format);
  return writer;
}

bool WavWriter::write(const float* const* channels, int samples) {
  if (!writer_->writeFromFloatArrays(channels, writer_->getNumChannels(), samples))
    return false;
  length_ += samples;
  return true;
}

bool WavWriter::flush() {
  if (!writer_->flush())
    return false;
  if (file_ == nullptr)
    return true;
  file_->flush();
  return file_->getStatus().wasOk();
}

Sample WavWriter::safe_length() const {
  if (file_ == nullptr)
    return length_;
  const auto bytes = file_->getFile().getSize() - data_start_;
  return std::clamp<Sample>(bytes / (4 * writer_->getNumChannels()), 0, length_);
}

void silence_no_numbers(Audio& audio) {
  for (int channel = 0; channel < audio.getNumChannels(); ++channel) {
    float* const samples = audio.getWritePointer(channel);
    for (int n = 0; n < audio.getNumSamples(); ++n)
      if (!std::isfinite(samples[n]))
        samples[n] = 0.0f;
  }
}

std::optional<WavInfo> wav_info(const juce::File& file) {
  const auto reader = open(file);
  if (reader == nullptr || reader->sampleRate <= 0.0)
    return std::nullopt;
  return WavInfo{reader->sampleRate, static_cast<int>(reader->numChannels),
                 reader->lengthInSamples};
}

std::optional<Audio> read_wav(const juce::File& file, Range range) {
  const auto reader = open(file);
  return reader == nullptr ? std::nullopt : read(*reader, range);
}

std::optional<Audio> read_wav(const juce::File& file) {
  const auto reader = open(file);
  return reader == nullptr ? std::nullopt : read(*reader, {0, reader->lengthInSamples});
}

} // namespace umtn::plugin
