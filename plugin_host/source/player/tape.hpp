// Recorded sound on its way to the audio thread, in pieces of the timeline.
#pragma once

#include "../audio/realtime.hpp"
#include "../capture/captured_timeline.hpp"

#include <memory>
#include <vector>

namespace umtn::plugin {

// What can be listened to: recordings by their place, and the stretch that is worth it.
struct Material {
  CapturedTimeline captured;
  double start = 0.0, end = 0.0; // seconds
};

// From the first of these places to the end of the last; begins with the region, where it lies
// among them.
Material stretch(Material material, const std::vector<Place>& places,
                 const std::optional<Place>& region);

// Never changed once the audio thread has it; a newer one has other pieces.
struct Tape {
  static constexpr int kPiece = 1 << 14; // samples

  struct Piece {
    Sample start = 0; // a multiple of kPiece
    std::shared_ptr<const Audio> sound;
  };

  unsigned order = 0; // which Order it was read for
  double rate = 0.0;
  Sample start = 0, end = 0; // of the material
  std::vector<Piece> pieces;

  static Sample piece_start(Sample at) {
    return (at >= 0 ? at : at - (kPiece - 1)) / kPiece * kPiece;
  }
  // Up to where there is sound without a hole, from a position on; no further than `most`.
  Sample available(Sample from, Sample most) const noexcept UMTN_REALTIME;
  // Silence where there is none.
  void copy(Sample from, int samples, float* const* into,
            int channels) const noexcept UMTN_REALTIME;

private:
  const Piece* find(Sample at) const noexcept UMTN_REALTIME;
};

// The range of what was recorded, at this rate and with so many channels, as it would sound if the
// host played it; the edges of silence are faded. Where a file cannot be read there is silence, and
// `trouble` says so.
Audio read_recorded(const CapturedTimeline& captured, Range range, double rate, int channels,
                    juce::String& trouble);

} // namespace umtn::plugin
