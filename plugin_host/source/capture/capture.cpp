#include "capture.hpp"

#include <chrono>

namespace umtn::plugin {
namespace {

constexpr double kBufferSeconds = 8.0; // of audio that may wait for the disk
constexpr auto kNap = std::chrono::milliseconds(3);
constexpr double kLongestWait = 10.0; // for the disk, in an offline render

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
  const auto room = std::max(static_cast<int>(kBufferSeconds * rate), 4 * max_block);
  pace_.reset();
  if (channels != channels_ || room != room_) {
    auto fifo = std::make_unique<CaptureFifo>();
    fifo->prepare(channels, room);
    channels_ = channels;
    room_ = room;
    const std::lock_guard<std::mutex> lock(plan_mutex_);
    if (fifo_ != nullptr)
      earlier_.push_back(std::move(fifo_));
    fifo_ = std::move(fifo);
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
  const Block block = {transport.position, transport.rate,
                       std::min(channels_, input.getNumChannels()), input.getNumSamples()};
  if (block.channels < 1 || block.samples < 1)
    return;
  last_recorded_ = now;
  const auto* const channels = input.getArrayOfReadPointers();
  if (!fifo_->push(block, channels) &&
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
bool Capture::wait_for_room(const Block& block, const float* const* channels) noexcept {
  const double until = steady_seconds() + kLongestWait;
  while (steady_seconds() < until) {
    std::this_thread::sleep_for(kNap);
    if (fifo_->push(block, channels)) {
      pace_.pause();
      return true;
    }
  }
  return false;
}

void Capture::set_folder(const juce::File& folder) {
  const std::lock_guard<std::mutex> lock(plan_mutex_);
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

CapturedTimeline Capture::timeline_to_save() {
  const std::scoped_lock lock(plan_mutex_, mutex_);
  plan_.set_next_file(new_recording(folder_));
  RecordingPlan plan = plan_;
  bool known = true; // but not where what needs yet another file goes
  const auto write = [&](const std::optional<Block>& block) {
    known = known && (!block || !plan.needs_file(*block) || plan.next_file() != juce::File());
    if (known && block)
      plan.write(*block);
  };
  std::vector<Block> waiting;
  for (const auto& fifo : earlier_)
    fifo->look(waiting);
  if (fifo_ != nullptr)
    fifo_->look(waiting);
  for (const Block& block : waiting)
    write(plan.hold(block));
  write(plan.release());

  if (plan.next_file() == juce::File())
    plan_.promise_next_file();
  told_.insert(plan_.file().getFullPathName());
  told_.insert(plan.file().getFullPathName());
  fragments_.clear();
  CapturedTimeline timeline = timeline_;
  for (const Clip& clip : plan.stretches())
    timeline.record(clip);
  return timeline;
}

void Capture::set_timeline(CapturedTimeline timeline) {
  const std::lock_guard<std::mutex> lock(mutex_);
  timeline_ = std::move(timeline);
  fragments_.clear(); // nothing is deleted but what was recorded over
  ++version_;
}

void Capture::move_files(const std::map<juce::String, juce::File>& moved) {
  const std::lock_guard<std::mutex> lock(mutex_);
  timeline_.move_files(moved);
  ++version_;
}

void Capture::add(const Clip& clip, std::shared_ptr<const Peaks> peaks) {
  const std::lock_guard<std::mutex> lock(mutex_);
  timeline_.record(clip);
  if (peaks != nullptr)
    peaks_[clip.file.getFullPathName()] = std::move(peaks);
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

} // namespace umtn::plugin
