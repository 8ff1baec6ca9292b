#include "tape.hpp"

#include "../audio/resample.hpp"
#include "player.hpp"

#include <cmath>
#include <limits>

namespace umtn::plugin {
namespace {

// Farther than any recording reaches, and still exact as a double.
constexpr Sample kEver = Sample{1} << 52;

// Samples of a clip, counted from its own first sample at `rate`. Where that is not the file's rate
// they are the ones that converting the whole clip would give.
std::optional<Audio> clip_sound(const Clip& clip, Range part, double rate) {
  const double own_rate = clip.place.rate;
  if (own_rate == rate)
    return read_wav(clip.file, {clip.offset + part.start, clip.offset + part.end});

  const Range whole = {clip.offset, clip.offset + clip.place.range.length()};
  return ResampledWav(clip.file, whole, own_rate, rate).read(part);
}

void fade_edges(Audio& audio, Range range, const std::vector<Range>& covered, double rate) {
  const auto fade = static_cast<Sample>(std::ceil(Player::kFadeSeconds * rate));
  for (const Range whole : covered) {
    const auto apply = [&](Range edge) {
      const Range part = edge.intersection(whole).intersection(range);
      for (Sample at = part.start; at < part.end; ++at)
        audio.applyGain(static_cast<int>(at - range.start), 1,
                        Player::window(at - whole.start, whole.length(), rate));
    };
    const Range head = {whole.start, std::min(whole.start + fade, whole.end)};
    apply(head);
    apply({std::max(head.end, whole.end - fade), whole.end});
  }
}

} // namespace

Material stretch(Material material, const std::vector<Place>& places,
                 const std::optional<Place>& region) {
  const auto seconds = [](Sample at, const Place& place) {
    return static_cast<double>(at) / place.rate;
  };
  for (const Place& place : places) {
    const double start = seconds(place.range.start, place), end = seconds(place.range.end, place);
    const bool first = &place == &places.front();
    material.start = first ? start : std::min(material.start, start);
    material.end = first ? end : std::max(material.end, end);
  }
  if (region) {
    const double start = seconds(region->range.start, *region);
    if (start >= material.start && start < material.end)
      material.start = start;
  }
  return material;
}

const Tape::Piece* Tape::find(Sample at) const noexcept UMTN_REALTIME {
  const Sample wanted = piece_start(at);
  for (const Piece& piece : pieces)
    if (piece.start == wanted)
      return &piece;
  return nullptr;
}

Sample Tape::available(Sample from, Sample most) const noexcept UMTN_REALTIME {
  Sample at = from;
  while (at < most && find(at) != nullptr)
    at = piece_start(at) + kPiece;
  return std::min(at, most);
}

void Tape::copy(Sample from, int samples, float* const* into,
                int channels) const noexcept UMTN_REALTIME {
  for (int done = 0; done < samples;) {
    const Sample at = from + done, piece_at = piece_start(at);
    const int first = static_cast<int>(at - piece_at);
    const int run = std::min(samples - done, kPiece - first);
    const Piece* const piece = find(at);
    for (int channel = 0; channel < channels; ++channel) {
      float* const out = into[channel] + done;
      if (piece != nullptr && piece->sound->getNumChannels() > 0)
        std::copy_n(
            piece->sound->getReadPointer(std::min(channel, piece->sound->getNumChannels() - 1)) +
                first,
            run, out);
      else
        std::fill_n(out, run, 0.0f);
    }
    done += run;
  }
}

Audio read_recorded(const CapturedTimeline& captured, Range range, double rate, int channels,
                    juce::String& trouble) {
  Audio audio(channels, static_cast<int>(range.length()));
  audio.clear();
  for (const Clip& clip : captured.clips()) {
    const Range whole = clip.place.at(rate), part = whole.intersection(range);
    if (part.empty())
      continue;
    auto sound = clip_sound(clip, {part.start - whole.start, part.end - whole.start}, rate);
    if (!sound) {
      trouble = unreadable(clip);
      continue;
    }
    set_channels(*sound, channels);
    for (int channel = 0; channel < sound->getNumChannels(); ++channel)
      audio.copyFrom(channel, static_cast<int>(part.start - range.start), *sound, channel, 0,
                     sound->getNumSamples());
  }
  silence_no_numbers(audio);
  fade_edges(audio, range, captured.covered({-kEver, kEver}, rate), rate);
  return audio;
}

} // namespace umtn::plugin
