#include "captured_timeline.hpp"

#include "../audio/resample.hpp"

#include <algorithm>

namespace umtn::plugin {
namespace {

constexpr int kChunk = 1 << 16;

// What of a clip lies in a range at another rate: its own samples.
Range part_of(const Clip& clip, Range range, double rate) {
  const Range own = {at_rate(range.start, rate, clip.place.rate),
                     at_rate(range.end, rate, clip.place.rate)};
  return own.intersection(clip.place.range);
}

Clip with_range(Clip clip, Range range) {
  clip.offset += range.start - clip.place.range.start;
  clip.place.range = range;
  return clip;
}

bool go_on(const Clip& before, const Clip& after) {
  return before.file == after.file && before.place.rate == after.place.rate &&
         before.place.range.end == after.place.range.start &&
         before.offset + before.place.range.length() == after.offset;
}

// Writes one WAV in order.
class Extraction {
public:
  Extraction(WavWriter& writer, const Place& place, int channels,
             const std::atomic<bool>* cancelled)
      : writer_(writer), rate_(place.rate), channels_(channels), cursor_(place.range.start),
        cancelled_(cancelled) {}

  bool silence_until(Sample end) {
    Audio nothing(channels_, kChunk);
    nothing.clear();
    while (cursor_ < end) {
      if (!write(nothing, static_cast<int>(std::min<Sample>(kChunk, end - cursor_))))
        return false;
    }
    return true;
  }

  // The clip's part up to `end`; its sound is read from where the cursor is.
  bool sound(const Clip& clip, Sample end) {
    if (cursor_ >= end) // rounded positions may overlap by a sample
      return true;
    if (clip.place.rate != rate_)
      return converted(clip, end);
    while (cursor_ < end) {
      const Sample length = std::min<Sample>(kChunk, end - cursor_);
      const Sample first = clip.offset + cursor_ - clip.place.range.start;
      auto audio = read_wav(clip.file, {first, first + length});
      if (!audio)
        return lost(clip);
      set_channels(*audio, channels_);
      if (!write(*audio, static_cast<int>(length)))
        return false;
    }
    return true;
  }

  const juce::String& trouble() const { return trouble_; }

private:
  bool converted(const Clip& clip, Sample end) {
    const Range own = clip.place.range;
    const ResampledWav wav(clip.file, {clip.offset, clip.offset + own.length()}, clip.place.rate,
                           rate_);
    const Sample start = at_rate(own.start, clip.place.rate, rate_);
    while (cursor_ < end) {
      const Sample length = std::min<Sample>(kChunk, end - cursor_);
      auto sound = wav.read({cursor_ - start, cursor_ - start + length});
      if (!sound)
        return lost(clip);
      set_channels(*sound, channels_);
      if (!write(*sound, static_cast<int>(length)))
        return false;
    }
    return true;
  }

  bool write(const Audio& audio, int samples) {
    if (cancelled_ != nullptr && *cancelled_) {
      trouble_ = "Cancelled.";
      return false;
    }
    if (!writer_.write(audio.getArrayOfReadPointers(), samples)) {
      trouble_ = "The recording could not be written: is the disk full?";
      return false;
    }
    cursor_ += samples;
    return true;
  }

  bool lost(const Clip& clip) {
    trouble_ = unreadable(clip);
    return false;
  }

  WavWriter& writer_;
  double rate_;
  int channels_;
  Sample cursor_;
  const std::atomic<bool>* cancelled_;
  juce::String trouble_;
};

} // namespace

void set_channels(Audio& audio, int channels) {
  const int had = audio.getNumChannels();
  if (had == channels || had == 0)
    return;
  if (channels == 1) {
    for (int channel = 1; channel < had; ++channel)
      audio.addFrom(0, 0, audio, channel, 0, audio.getNumSamples());
    audio.applyGain(0, 0, audio.getNumSamples(), 1.0f / static_cast<float>(had));
  }
  audio.setSize(channels, audio.getNumSamples(), true, true, false);
  for (int channel = had; channel < channels; ++channel)
    audio.copyFrom(channel, 0, audio, had - 1, 0, audio.getNumSamples());
}

juce::String unreadable(const Clip& clip) {
  return "The recording " + clip.file.getFullPathName() +
         " cannot be read: bring it back, or record the region again.";
}

// Frees the place, and returns where in the list it lies. Looks only at the clips there, and a
// sample around for what is rounded: a list of very many clips costs no more.
CapturedTimeline::Clips::iterator CapturedTimeline::cut(const Place& place) {
  const double least = std::min(place.rate, 4000.0); // of rates, whose samples are the longest
  const double start = static_cast<double>(place.range.start) / place.rate - 1.0 / least;
  const double end = static_cast<double>(place.range.end) / place.rate + 1.0 / least;
  const auto first = std::partition_point(clips_.begin(), clips_.end(), [&](const Clip& clip) {
    return static_cast<double>(clip.place.range.end) / clip.place.rate < start;
  });
  const auto last = std::partition_point(first, clips_.end(), [&](const Clip& clip) {
    return static_cast<double>(clip.place.range.start) / clip.place.rate < end;
  });
  Clips before, after;
  for (auto clip = first; clip != last; ++clip) {
    const Range own = clip->place.range;
    const Range hole = part_of(*clip, place.range, place.rate);
    if (hole.empty()) {
      const bool earlier = static_cast<double>(own.start) / clip->place.rate <
                           static_cast<double>(place.range.start) / place.rate;
      (earlier ? before : after).push_back(*clip);
      continue;
    }
    if (own.start < hole.start)
      before.push_back(with_range(*clip, {own.start, hole.start}));
    if (hole.end < own.end)
      after.push_back(with_range(*clip, {hole.end, own.end}));
  }
  const auto middle = static_cast<Clips::difference_type>(before.size());
  before.insert(before.end(), after.begin(), after.end());
  const auto same =
      std::min(std::distance(first, last), static_cast<std::ptrdiff_t>(before.size()));
  const auto next = std::move(before.begin(), before.begin() + same, first);
  const auto begin = next - same - clips_.begin();
  if (same < static_cast<std::ptrdiff_t>(before.size()))
    clips_.insert(next, before.begin() + same, before.end());
  else
    clips_.erase(next, last);
  return clips_.begin() + begin + middle;
}

void CapturedTimeline::record(const Clip& clip) {
  if (clip.place.range.empty())
    return;
  const auto next = cut(clip.place);
  if (next != clips_.begin() && go_on(*(next - 1), clip))
    (next - 1)->place.range.end = clip.place.range.end;
  else
    clips_.insert(next, clip);
}

std::vector<Range> CapturedTimeline::covered(Range range, double rate) const {
  std::vector<Range> ranges;
  for (const Clip& clip : clips_) {
    const Range part = clip.place.at(rate).intersection(range);
    if (part.empty())
      continue;
    if (!ranges.empty() && part.start <= ranges.back().end)
      ranges.back().end = std::max(ranges.back().end, part.end);
    else
      ranges.push_back(part);
  }
  return ranges;
}

juce::String CapturedTimeline::extract(const Place& place, int channels, const juce::File& file,
                                       const std::atomic<bool>* cancelled) const {
  const auto part_file = file.getSiblingFile(file.getFileName() + ".part");
  auto writer = WavWriter::create(part_file, place.rate, channels, place.range.start);
  if (writer == nullptr)
    return "Nothing can be written to " + file.getParentDirectory().getFullPathName() +
           ": choose another session folder.";

  Extraction extraction(*writer, place, channels, cancelled);
  bool whole = true;
  for (const Clip& clip : clips_) {
    const Range part = clip.place.at(place.rate).intersection(place.range);
    if (part.empty() || !whole)
      continue;
    whole = extraction.silence_until(part.start) && extraction.sound(clip, part.end);
  }
  whole = whole && extraction.silence_until(place.range.end);
  const bool flushed = whole && writer->flush();
  writer.reset();
  if (flushed && part_file.moveFileTo(file))
    return {};
  part_file.deleteFile();
  return extraction.trouble().isNotEmpty() ? extraction.trouble()
                                           : juce::String("The recording could not be written: "
                                                          "is the disk full?");
}

void CapturedTimeline::move_files(const std::map<juce::String, juce::File>& moved) {
  for (Clip& clip : clips_)
    if (const auto found = moved.find(clip.file.getFullPathName()); found != moved.end())
      clip.file = found->second;
}

} // namespace umtn::plugin
