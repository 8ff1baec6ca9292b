#include "capture_fifo.hpp"

namespace umtn::plugin {
namespace {

constexpr int kBlocks = 1 << 16; // headers are small, and some hosts' blocks as well

// Where a stretch of a ring lies: up to two parts.
struct Parts {
  int start1 = 0, size1 = 0, start2 = 0, size2 = 0;
  int size() const { return size1 + size2; }
  // The index of the stretch's element n.
  int at(int n) const { return n < size1 ? start1 + n : start2 + n - size1; }
  // How many elements from n on lie side by side.
  int run(int n) const { return n < size1 ? size1 - n : size() - n; }
};

template <class Copy>
void in_runs(const Parts& parts, int first, int count, Copy copy) {
  for (int done = 0; done < count;) {
    const int run = std::min(count - done, parts.run(first + done));
    copy(parts.at(first + done), done, run);
    done += run;
  }
}

} // namespace

void CaptureFifo::prepare(int channels, int samples) {
  // JUCE's rings hold one element less than their size.
  headers_.assign(kBlocks, {});
  blocks_.setTotalSize(kBlocks);
  data_.assign(static_cast<std::size_t>(channels) * static_cast<std::size_t>(samples) + 1, 0.0f);
  samples_.setTotalSize(static_cast<int>(data_.size()));
}

bool CaptureFifo::push(const Block& block, const float* const* channels) noexcept UMTN_REALTIME {
  const auto needed = static_cast<std::int64_t>(block.channels) * block.samples;
  if (blocks_.getFreeSpace() < 1 || samples_.getFreeSpace() < needed)
    return false;
  Parts parts;
  samples_.prepareToWrite(static_cast<int>(needed), parts.start1, parts.size1, parts.start2,
                          parts.size2);
  for (int channel = 0; channel < block.channels; ++channel)
    in_runs(parts, channel * block.samples, block.samples, [&](int to, int from, int count) {
      std::copy_n(channels[channel] + from, count, data_.data() + to);
    });
  samples_.finishedWrite(static_cast<int>(needed));

  Parts header;
  blocks_.prepareToWrite(1, header.start1, header.size1, header.start2, header.size2);
  headers_[static_cast<std::size_t>(header.at(0))] = block;
  blocks_.finishedWrite(1);
  return true;
}

bool CaptureFifo::pop(Block& block, juce::AudioBuffer<float>& audio) {
  if (blocks_.getNumReady() < 1)
    return false;
  Parts header;
  blocks_.prepareToRead(1, header.start1, header.size1, header.start2, header.size2);
  block = headers_[static_cast<std::size_t>(header.at(0))];
  audio.setSize(block.channels, block.samples, false, false, true);

  Parts parts;
  samples_.prepareToRead(block.channels * block.samples, parts.start1, parts.size1, parts.start2,
                         parts.size2);
  for (int channel = 0; channel < block.channels; ++channel)
    in_runs(parts, channel * block.samples, block.samples, [&](int from, int to, int count) {
      std::copy_n(data_.data() + from, count, audio.getWritePointer(channel) + to);
    });
  samples_.finishedRead(parts.size());
  blocks_.finishedRead(1);
  return true;
}

void CaptureFifo::look(std::vector<Block>& blocks) const {
  Parts headers;
  blocks_.prepareToRead(blocks_.getNumReady(), headers.start1, headers.size1, headers.start2,
                        headers.size2);
  for (int n = 0; n < headers.size(); ++n)
    blocks.push_back(headers_[static_cast<std::size_t>(headers.at(n))]);
}

} // namespace umtn::plugin
