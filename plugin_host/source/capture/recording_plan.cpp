#include "recording_plan.hpp"

#include <algorithm>
#include <utility>

namespace umtn::plugin {
namespace {

constexpr int kStandstill = 3;      // blocks at one place: the host's time stands still
constexpr double kLongBlock = 0.25; // seconds: nobody makes such blocks but to render in earnest

} // namespace

juce::File new_recording(const juce::File& folder) {
  const auto name = "recorded " + juce::Time::getCurrentTime().formatted("%Y-%m-%d %H.%M.%S") +
                    " " + juce::Uuid().toString().substring(0, 6) + ".wav";
  return folder.getChildFile(name);
}

std::optional<RecordingPlan::Block> RecordingPlan::hold(const Block& block) {
  const bool again = held_ && block.start == held_->start && block.rate == held_->rate &&
                     block.channels == held_->channels && block.samples >= held_->samples;
  if (again) {
    ++repeats_;
    held_ = block;
    return std::nullopt;
  }
  auto due = std::exchange(held_, block);
  repeats_ = 0;
  return due;
}

std::optional<RecordingPlan::Block> RecordingPlan::release() {
  auto due = std::exchange(held_, std::nullopt);
  const int repeats = std::exchange(repeats_, 0);
  if (due && repeats + 1 >= kStandstill && due->samples < kLongBlock * due->rate)
    return std::nullopt;
  return due;
}

void RecordingPlan::set_next_file(const juce::File& file) {
  if (!next_promised_)
    next_ = file;
}

bool RecordingPlan::needs_file(const Block& block) const {
  return file_ == juce::File() || block.rate != rate_ || block.channels != channels_;
}

void RecordingPlan::write(const Block& block) {
  if (needs_file(block)) {
    file_ = std::exchange(next_, juce::File());
    next_promised_ = false;
    in_use_ = std::make_shared<bool>(true);
    rate_ = block.rate;
    channels_ = block.channels;
    length_ = 0;
    end_ = block.start;
    stretches_.push_back({{{end_, end_}, rate_}, file_, 0, channels_, in_use_});
  } else if (block.start != end_ || stretches_.empty()) {
    stretches_.push_back({{{block.start, block.start}, rate_}, file_, length_, channels_, in_use_});
  }
  length_ += block.samples;
  end_ = stretches_.back().place.range.end = block.start + block.samples;
}

void RecordingPlan::lose(Sample samples) {
  if (!stretches_.empty()) {
    auto& range = stretches_.back().place.range;
    range.end = std::max(range.start, range.end - samples);
  }
  close();
}

void RecordingPlan::close() {
  file_ = juce::File();
  in_use_ = nullptr;
}

bool RecordingPlan::has_stretches(const juce::File& file) const {
  return std::any_of(stretches_.begin(), stretches_.end(),
                     [&](const Clip& clip) { return clip.file == file; });
}

std::vector<Clip> RecordingPlan::settle(const juce::File& file) {
  const auto others = std::stable_partition(stretches_.begin(), stretches_.end(),
                                            [&](const Clip& clip) { return clip.file == file; });
  std::vector<Clip> settled(stretches_.begin(), others);
  stretches_.erase(stretches_.begin(), others);
  return settled;
}

} // namespace umtn::plugin
