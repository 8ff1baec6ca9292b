// The thread that writes.
#include "capture.hpp"

#include <chrono>

namespace umtn::plugin {
namespace {

constexpr auto kNap = std::chrono::milliseconds(3);
constexpr double kSettleSeconds = 0.25; // between two headers
constexpr double kHoldSeconds = 0.4;    // that the next block may take, before none comes
constexpr double kOverSeconds = 1.0;    // without blocks, after which a run is over
constexpr double kRetrySeconds = 1.0;   // after a file that could not be written
constexpr double kFragment = 2.0;       // seconds of sound that nobody misses once replaced

} // namespace

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
    const bool asked = ending || wanted != flushes_done_;
    const bool wrote = write_pending();
    const double quiet = steady_seconds() - last_recorded_;
    if (asked || (!wrote && quiet > kHoldSeconds))
      let_go();
    if (asked || steady_seconds() - settled_at_ > kSettleSeconds)
      settle();
    // A run that is over leaves its file closed, so that other programs may have it.
    if (ending)
      close_file();
    else if (!wrote && quiet > kOverSeconds)
      end_run();
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      flushes_done_ = wanted;
    }
    flushed_.notify_all();
    if (ending)
      break;
  }
}

bool Capture::write_pending() {
  bool any = false;
  while (take_next())
    any = true;
  return any;
}

// One block comes, and the one before it is written. What the FIFOs and the plan hold is changed
// together: a state that is saved meanwhile describes both.
bool Capture::take_next() {
  std::optional<Block> due;
  bool new_file = false;
  {
    const std::lock_guard<std::mutex> lock(plan_mutex_);
    Block block;
    while (!earlier_.empty() && !earlier_.front()->pop(block, next_))
      earlier_.pop_front();
    if (earlier_.empty() && (fifo_ == nullptr || !fifo_->pop(block, next_)))
      return false;
    due = plan_.hold(block);
    std::swap(held_, next_);
    if (due)
      new_file = plan_write(*due);
  }
  if (due)
    write_block(*due, next_, new_file);
  return true;
}

void Capture::let_go() {
  std::optional<Block> due;
  bool new_file = false;
  {
    const std::lock_guard<std::mutex> lock(plan_mutex_);
    due = plan_.release();
    if (due)
      new_file = plan_write(*due);
  }
  if (due)
    write_block(*due, held_, new_file);
}

// Whether the block needs a file that is still to be made. With the plan's lock held.
bool Capture::plan_write(const Block& block) {
  const bool new_file = plan_.needs_file(block);
  if (new_file)
    plan_.set_next_file(new_recording(folder_));
  plan_.write(block);
  return new_file;
}

void Capture::write_block(const Block& block, const Audio& audio, bool new_file) {
  if (new_file && !open_file(block))
    return lose(block);
  if (!file_->write(audio.getArrayOfReadPointers(), block.samples)) {
    note_trouble("The recording cannot be written to " +
                 written_.getParentDirectory().getFullPathName() + ": is the disk full?");
    failed_at_ = steady_seconds();
    return lose(block);
  }
  file_peaks_->append(audio.getArrayOfReadPointers(), block.samples);
}

bool Capture::open_file(const Block& block) {
  close_file();
  if (failed_at_ >= 0.0 && steady_seconds() - failed_at_ < kRetrySeconds)
    return false;
  {
    const std::lock_guard<std::mutex> lock(plan_mutex_);
    written_ = plan_.file();
    written_in_use_ = plan_.in_use();
  }
  file_rate_ = block.rate;
  file_ = WavWriter::create(written_, block.rate, block.channels, block.start);
  if (file_ == nullptr) {
    failed_at_ = steady_seconds();
    note_trouble("Nothing can be recorded in " + written_.getParentDirectory().getFullPathName() +
                 ": choose another session folder.");
    return false;
  }
  failed_at_ = -1.0;
  settled_at_ = steady_seconds();
  file_peaks_ = std::make_shared<Peaks>(block.channels);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    peaks_[written_.getFullPathName()] = file_peaks_;
  }
  note_trouble({});
  return true;
}

void Capture::lose(const Block& block) {
  lost_ += block.samples;
  {
    const std::lock_guard<std::mutex> lock(plan_mutex_);
    plan_.lose(block.samples);
  }
  close_file();
}

// Makes the file good for readers up to here, and only then says so on the timeline.
void Capture::settle() {
  settled_at_ = steady_seconds();
  if (file_ == nullptr)
    return;
  {
    const std::lock_guard<std::mutex> lock(plan_mutex_);
    if (!plan_.has_stretches(written_))
      return;
  }
  const bool whole = file_->flush();
  const Sample safe = file_->safe_length();
  if (!whole)
    note_trouble("The recording cannot be written to " +
                 written_.getParentDirectory().getFullPathName() + ": is the disk full?");
  const std::scoped_lock lock(plan_mutex_, mutex_);
  for (Clip& clip : plan_.settle(written_)) {
    auto& range = clip.place.range;
    if (!whole)
      range.end = range.start + std::clamp<Sample>(safe - clip.offset, 0, range.length());
    timeline_.record(clip);
  }
  ++version_;
  sweep();
}

void Capture::close_file() {
  if (file_ == nullptr)
    return;
  settle();
  const bool fragment = file_->length() < kFragment * file_rate_;
  file_.reset();
  file_peaks_.reset();
  const std::lock_guard<std::mutex> lock(mutex_);
  if (fragment && told_.count(written_.getFullPathName()) == 0)
    fragments_.push_back({written_, written_in_use_});
}

// The end of a run: nothing waits, and what comes next goes into another file.
void Capture::end_run() {
  {
    const std::lock_guard<std::mutex> lock(plan_mutex_);
    if (!earlier_.empty() || (fifo_ != nullptr && !fifo_->empty()))
      return;
    plan_.close();
  }
  close_file();
}

// Deletes short files that were recorded over before anybody kept a clip of them. With the lock
// held.
void Capture::sweep() {
  const auto gone = [&](const Fragment& fragment) {
    if (!fragment.in_use.expired())
      return false;
    peaks_.erase(fragment.file.getFullPathName());
    fragment.file.deleteFile();
    return true;
  };
  fragments_.erase(std::remove_if(fragments_.begin(), fragments_.end(), gone), fragments_.end());
}

void Capture::note_trouble(const juce::String& sentence) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (trouble_ == sentence)
    return;
  trouble_ = sentence;
  ++version_;
}

} // namespace umtn::plugin
