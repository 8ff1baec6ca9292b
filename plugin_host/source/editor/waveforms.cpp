#include "waveforms.hpp"

#include <set>

namespace umtn::plugin {

namespace {

constexpr int kChunk = 1 << 15;
constexpr double kNewsSeconds = 0.2;  // from one revision to the next of one that is built
constexpr double kRetrySeconds = 2.0; // after a file that could not be read
constexpr Sample kMostBytes = Sample(256) << 20; // nine hours of stereo; what is beyond has none

// Of peaks of so many samples, all levels together.
Sample bytes_of(Sample samples, int channels) {
  return samples * channels / 12;
}

} // namespace

Waveforms::~Waveforms() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable())
    thread_.join();
}

Waveforms::Waveform Waveforms::of(const juce::File& file) {
  if (file == juce::File())
    return {};
  if (auto recorded = capture_.peaks(file))
    return {recorded, 0.0};
  const auto path = file.getFullPathName();
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = entries_.find(path);
  if (found == entries_.end()) {
    ask(path);
    return {};
  }
  const Entry& entry = found->second;
  if (entry.failed_at >= 0.0 && steady_seconds() - entry.failed_at > kRetrySeconds)
    ask(path);
  return {entry.peaks, entry.rate};
}

void Waveforms::ask(const juce::String& path) {
  entries_[path] = {};
  queue_.push_back(path);
  if (!thread_.joinable())
    thread_ = std::thread(&Waveforms::run, this);
  wake_.notify_all();
}

bool Waveforms::grew_since(const juce::File& file, juce::uint64 revision) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = entries_.find(file.getFullPathName());
  return found != entries_.end() && found->second.revision > revision;
}

void Waveforms::keep_only(const std::vector<juce::File>& files) {
  std::set<juce::String> kept;
  for (const auto& file : files)
    kept.insert(file.getFullPathName());
  const std::lock_guard<std::mutex> lock(mutex_);
  for (auto entry = entries_.begin(); entry != entries_.end();)
    entry = kept.count(entry->first) == 0 ? entries_.erase(entry) : std::next(entry);
}

void Waveforms::run() {
  formats_.registerBasicFormats();
  for (;;) {
    juce::String path;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [this] { return ending_ || !queue_.empty(); });
      if (ending_)
        return;
      path = queue_.front();
      queue_.pop_front();
    }
    if (wanted(path))
      build(path);
  }
}

bool Waveforms::wanted(const juce::String& path) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = entries_.find(path);
  return !ending_ && found != entries_.end() && found->second.under_way;
}

void Waveforms::build(const juce::String& path) {
  const std::unique_ptr<juce::AudioFormatReader> reader(formats_.createReaderFor(juce::File(path)));
  if (reader == nullptr || reader->sampleRate <= 0.0 || reader->numChannels < 1)
    return finish(path, false);
  const int channels = std::min(2, static_cast<int>(reader->numChannels));
  const auto peaks = std::make_shared<Peaks>(channels);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    Sample all = bytes_of(reader->lengthInSamples, channels);
    for (const auto& [other, entry] : entries_)
      all += entry.bytes;
    const auto found = entries_.find(path);
    if (found == entries_.end() || all > kMostBytes)
      return; // it stays under way: nothing is gained by asking for it again
    found->second.peaks = peaks;
    found->second.rate = reader->sampleRate;
    found->second.bytes = bytes_of(reader->lengthInSamples, channels);
  }
  juce::AudioBuffer<float> chunk(channels, kChunk);
  double told = steady_seconds();
  for (Sample at = 0; at < reader->lengthInSamples; at += kChunk) {
    const int samples = static_cast<int>(std::min<Sample>(kChunk, reader->lengthInSamples - at));
    if (!wanted(path))
      return;
    if (!reader->read(chunk.getArrayOfWritePointers(), channels, at, samples))
      return finish(path, false);
    peaks->append(chunk.getArrayOfReadPointers(), samples);
    if (steady_seconds() - told > kNewsSeconds) {
      told = steady_seconds();
      grew(path);
    }
  }
  finish(path, true);
}

void Waveforms::grew(const juce::String& path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (const auto found = entries_.find(path); found != entries_.end())
    found->second.revision = ++revision_;
}

void Waveforms::finish(const juce::String& path, bool made) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = entries_.find(path);
  if (found == entries_.end())
    return;
  found->second.under_way = false;
  found->second.failed_at = made ? -1.0 : steady_seconds();
  found->second.revision = ++revision_;
}

} // namespace umtn::plugin
