// One file's waveform, for drawing.
#pragma once

#include "../timeline/range.hpp"

#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

namespace umtn::plugin {

struct Peak {
  float least = 0.0f, most = 0.0f;
};

// The least and the most of every 64 samples, of every 256, 1024 and so on: an hour of stereo at
// 48 kHz takes 29 MB, and what is read costs the columns that are drawn, not the samples that they
// show. It grows while it is read: one thread appends, and neither side ever waits longer than the
// other takes for a block or a screen.
class Peaks {
public:
  explicit Peaks(int channels);
  Peaks(const Peaks&) = delete;
  Peaks& operator=(const Peaks&) = delete;

  void append(const float* const* channels, int samples);

  int channels() const { return static_cast<int>(channels_.size()); }
  Sample length() const;
  // So many equal parts of the range, in samples of the file; silence beyond its ends. A part that
  // is shorter than 64 samples shows all of the 64 that it lies in.
  void read(int channel, Range range, int columns, Peak* into) const;

private:
  struct Bin { // in steps that keep 12 dB above full scale
    std::int16_t least = 0, most = 0;
  };
  struct Channel {
    std::vector<std::deque<Bin>> levels; // each bin of one joins four of that below
    Peak open;                           // of the samples that do not fill a bin yet
  };

  static void finish(Channel& channel);
  Peak between(const Channel& channel, Sample first, Sample last) const;

  mutable std::mutex mutex_;
  std::vector<Channel> channels_;
  Sample length_ = 0;
};

} // namespace umtn::plugin
