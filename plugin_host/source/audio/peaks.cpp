#include "peaks.hpp"

#include <algorithm>
#include <cmath>

namespace umtn::plugin {
namespace {

constexpr int kBin = 64;   // samples of a bin on the lowest level
constexpr int kFactor = 4; // bins that one of the next level joins
constexpr int kLevels = 10;
constexpr float kMost = 4.0f;
constexpr float kSteps = 32767.0f / kMost;
constexpr Peak kNone = {kMost, -kMost}; // joins with anything as if it were not there

// What is no number changes neither.
void join(Peak& peak, float least, float most) {
  peak.least = least < peak.least ? least : peak.least;
  peak.most = most > peak.most ? most : peak.most;
}

} // namespace

Peaks::Peaks(int channels) : channels_(static_cast<std::size_t>(std::max(0, channels))) {
  for (Channel& channel : channels_) {
    channel.levels.resize(kLevels);
    channel.open = kNone;
  }
}

void Peaks::append(const float* const* channels, int samples) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const int filled = static_cast<int>(length_ % kBin);
  for (std::size_t n = 0; n < channels_.size(); ++n) {
    Channel& channel = channels_[n];
    for (int sample = 0, in_bin = filled; sample < samples;) {
      const int end = std::min(samples, sample + kBin - in_bin);
      in_bin += end - sample;
      for (; sample < end; ++sample)
        join(channel.open, channels[n][sample], channels[n][sample]);
      if (in_bin == kBin) {
        finish(channel);
        in_bin = 0;
      }
    }
  }
  length_ += samples;
}

// The open bin is full, and with it perhaps one of each level above.
void Peaks::finish(Channel& channel) {
  const auto stored = [](float value, float rounding(float)) {
    return static_cast<std::int16_t>(rounding(std::clamp(value, -kMost, kMost) * kSteps));
  };
  const bool any = channel.open.least <= channel.open.most;
  Bin bin = any ? Bin{stored(channel.open.least, std::floor), stored(channel.open.most, std::ceil)}
                : Bin();
  channel.open = kNone;
  for (auto& level : channel.levels) {
    level.push_back(bin);
    if (level.size() % kFactor != 0)
      return;
    for (auto before = level.end() - kFactor; before != level.end(); ++before) {
      bin.least = std::min(bin.least, before->least);
      bin.most = std::max(bin.most, before->most);
    }
  }
}

Sample Peaks::length() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return length_;
}

void Peaks::read(int channel, Range range, int columns, Peak* into) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const bool known = channel >= 0 && channel < channels();
  for (int column = 0; column < columns; ++column) {
    const Sample first = range.start + range.length() * column / columns;
    const Sample last =
        std::max(first + 1, range.start + range.length() * (column + 1) / columns); // not with it
    const Range part = Range{first, last}.intersection({0, length_});
    into[column] = known && !range.empty() && !part.empty()
                       ? between(channels_[static_cast<std::size_t>(channel)], part.start, part.end)
                       : Peak();
  }
}

// Climbs as high as whole bins fit in between, and down again.
Peak Peaks::between(const Channel& channel, Sample first, Sample last) const {
  const auto& lowest = channel.levels.front();
  Sample bin = first / kBin;
  const Sample wanted = (last + kBin - 1) / kBin;
  const Sample end = std::min(wanted, static_cast<Sample>(lowest.size()));
  Peak peak = kNone;
  while (bin < end) {
    std::size_t level = 0;
    Sample size = 1;
    while (level + 1 < channel.levels.size() && bin % (size * kFactor) == 0 &&
           bin + size * kFactor <= end) {
      size *= kFactor;
      ++level;
    }
    const Bin& joined = channel.levels[level][static_cast<std::size_t>(bin / size)];
    join(peak, joined.least / kSteps, joined.most / kSteps);
    bin += size;
  }
  if (wanted > static_cast<Sample>(lowest.size()))
    join(peak, std::clamp(channel.open.least, -kMost, kMost),
         std::clamp(channel.open.most, -kMost, kMost));
  return peak.least <= peak.most ? peak : Peak();
}

} // namespace umtn::plugin
