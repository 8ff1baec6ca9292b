#include "capture.hpp"

#include <chrono>

namespace umtn::plugin {
namespace {

constexpr double kBufferSeconds = 8.0; // of audio that may wait for the disk
constexpr auto kNap = std::chrono::milliseconds(3);
constexpr double kSettleSeconds = 0.25; // between two headers
constexpr double kRetrySeconds = 1.0;   // after a file that could not be written
constexpr double kLongestWait = 10.0;   // for the disk, in an offline render

juce::File new_file(const juce::File& folder) {
  const auto name = "recorded " + juce::Time::getCurrentTime().formatted("%Y-%m-%d %H.%M.%S") +
                    " " + juce::Uuid().toString().substring(0, 6) + ".wav";
  return folder.getChildFile(name);
}

} // namespace

Capture::~Capture() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  if (writer_.joinable())
    writer_.join();
}

void Capture::prepare(double rate, int max_block, int channels) {
  flush();
  const auto room = std::max(static_cast<int>(kBufferSeconds * rate), 4 * max_block);
  channels_ = channels;
  pace_.reset();
  {
    const std::lock_guard<std::mutex> lock(fifo_mutex_);
    fifo_.prepare(channels, room);
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!writer_.joinable())
    writer_ = std::thread(&Capture::run, this);
}

void Capture::process(const juce::AudioBuffer<float>& input, const Transport& host,
                      bool armed) noexcept UMTN_REALTIME {
  const Transport transport = steady_.follow(host, input.getNumSamples());
  const double now = steady_seconds();
  pace_.observe(transport, input.getNumSamples(), now);
  measure(input);
  if (!armed || !transport.rolling() || transport.rate <= 0.0)
    return;
  const CaptureFifo::Block block = {transport.position, transport.rate,
                                    std::min(channels_, input.getNumChannels()),
                                    input.getNumSamples()};
  if (block.channels < 1 || block.samples < 1)
    return;
  last_recorded_ = now;
  const auto* const channels = input.getArrayOfReadPointers();
  if (!fifo_.push(block, channels) &&
      !(pace_.may_wait(transport) && wait_for_room(block, channels)))
    lost_ += block.samples;
}

void Capture::measure(const juce::AudioBuffer<float>& input) noexcept UMTN_REALTIME {
  for (std::size_t side = 0; side < level_.size() && input.getNumChannels() > 0; ++side) {
    const int channel = std::min(static_cast<int>(side), input.getNumChannels() - 1);
    const float peak = input.getMagnitude(channel, 0, input.getNumSamples());
    if (peak > level_[side].load(std::memory_order_relaxed))
      level_[side].store(peak, std::memory_order_relaxed);
  }
}

// Only ever in an offline render, which may be faster than the disk.
bool Capture::wait_for_room(const CaptureFifo::Block& block,
                            const float* const* channels) noexcept {
  const double until = steady_seconds() + kLongestWait;
  while (steady_seconds() < until) {
    std::this_thread::sleep_for(kNap);
    if (fifo_.push(block, channels)) {
      pace_.pause();
      return true;
    }
  }
  return false;
}

void Capture::set_folder(const juce::File& folder) {
  const std::lock_guard<std::mutex> lock(mutex_);
  folder_ = folder;
}

void Capture::flush() {
  std::unique_lock<std::mutex> lock(mutex_);
  if (!writer_.joinable())
    return;
  const auto wanted = ++flushes_wanted_;
  wake_.notify_all();
  flushed_.wait(lock, [&] { return flushes_done_ >= wanted; });
}

CapturedTimeline Capture::timeline() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return timeline_;
}

void Capture::set_timeline(CapturedTimeline timeline) {
  const std::lock_guard<std::mutex> lock(mutex_);
  timeline_ = std::move(timeline);
  ++version_;
}

CaptureReport Capture::report() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  CaptureReport report;
  const double last = last_recorded_;
  report.recording = last >= 0.0 && steady_seconds() - last < 0.3;
  report.lost = lost_;
  report.message = trouble_;
  report.version = version_;
  return report;
}

std::shared_ptr<const Peaks> Capture::peaks(const juce::File& file) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = peaks_.find(file.getFullPathName());
  return found == peaks_.end() ? nullptr : found->second;
}

InputLevel Capture::input_level() {
  return {{level_[0].exchange(0.0f), level_[1].exchange(0.0f)}};
}

void Capture::run() {
  for (;;) {
    juce::uint64 wanted = 0;
    bool ending = false;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait_for(lock, kNap, [&] { return ending_ || flushes_wanted_ != flushes_done_; });
      wanted = flushes_wanted_;
      ending = ending_;
    }
    const bool wrote = write_pending();
    if (file_ != nullptr &&
        (ending || wanted != flushes_done_ || steady_seconds() - settled_at_ > kSettleSeconds))
      settle();
    // A run that is over leaves its file closed, so that other programs may have it.
    if (file_ != nullptr && !wrote && steady_seconds() - last_recorded_ > 1.0)
      close_file();
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      flushes_done_ = wanted;
    }
    flushed_.notify_all();
    if (ending)
      break;
  }
  close_file();
}

bool Capture::write_pending() {
  const std::lock_guard<std::mutex> lock(fifo_mutex_);
  CaptureFifo::Block block;
  bool any = false;
  while (fifo_.pop(block, block_)) {
    write_block(block);
    any = true;
  }
  return any;
}

void Capture::write_block(const CaptureFifo::Block& block) {
  const bool goes_on = file_ != nullptr && block.start == unsettled_.place.range.end &&
                       block.rate == unsettled_.place.rate && block.channels == unsettled_.channels;
  if (!goes_on) {
    close_file();
    if (!open_file(block)) {
      lost_ += block.samples;
      return;
    }
  }
  if (!file_->write(block_.getArrayOfReadPointers(), block.samples)) {
    note_trouble("The recording cannot be written to " +
                 unsettled_.file.getParentDirectory().getFullPathName() + ": is the disk full?");
    lost_ += block.samples;
    close_file();
    failed_at_ = steady_seconds();
    return;
  }
  file_peaks_->append(block_.getArrayOfReadPointers(), block.samples);
  unsettled_.place.range.end += block.samples;
}

bool Capture::open_file(const CaptureFifo::Block& block) {
  if (failed_at_ >= 0.0 && steady_seconds() - failed_at_ < kRetrySeconds)
    return false;
  juce::File folder;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    folder = folder_;
  }
  unsettled_ = {{{block.start, block.start}, block.rate}, new_file(folder), 0, block.channels};
  file_ = WavWriter::create(unsettled_.file, block.rate, block.channels, block.start);
  if (file_ == nullptr) {
    failed_at_ = steady_seconds();
    note_trouble("Nothing can be recorded in " + folder.getFullPathName() +
                 ": choose another session folder.");
    return false;
  }
  failed_at_ = -1.0;
  settled_at_ = steady_seconds();
  file_peaks_ = std::make_shared<Peaks>(block.channels);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    peaks_[unsettled_.file.getFullPathName()] = file_peaks_;
  }
  note_trouble({});
  return true;
}

// Makes the file good for readers up to here, and only then says so on the timeline.
void Capture::settle() {
  settled_at_ = steady_seconds();
  if (unsettled_.place.range.empty())
    return;
  const bool whole = file_->flush();
  const Sample safe = file_->safe_length() - unsettled_.offset;
  if (!whole)
    note_trouble("The recording cannot be written to " +
                 unsettled_.file.getParentDirectory().getFullPathName() + ": is the disk full?");
  Clip clip = unsettled_;
  if (!whole)
    clip.place.range.end =
        clip.place.range.start + std::clamp<Sample>(safe, 0, clip.place.range.length());
  const std::lock_guard<std::mutex> lock(mutex_);
  timeline_.record(clip);
  ++version_;
  unsettled_.offset += unsettled_.place.range.length();
  unsettled_.place.range.start = unsettled_.place.range.end;
}

void Capture::close_file() {
  if (file_ == nullptr)
    return;
  settle();
  file_.reset();
}

void Capture::note_trouble(const juce::String& sentence) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (trouble_ == sentence)
    return;
  trouble_ = sentence;
  ++version_;
}

} // namespace umtn::plugin
