// From the sum of the skips to codes, by all threads of a block.
//
// Its bands follow one another, `logits_bands` of them at a time: the logits of 8 bands are more
// than shared memory holds for a large group.
#pragma once

#include "layer.cuh"

template <class P, int kTiles>
struct Head {
  typedef typename P::Element Element;
  typedef typename Strips<P, kTiles>::Sums Sums;
  static constexpr int kStreams = 8 * kTiles;
  static constexpr int kLogitsPitch = kLevels + 4;
  static constexpr int kBandStrips = kLevels / 16;

  const Place& p;
  const umtn_cuda_work& w;
  const int s;
  const Strips<P, kTiles> strips;

  UMTN_DEVICE explicit Head(const Place& place)
      : p(place), w(place.w), s(w.skip_padded), strips(place, s) {}

  UMTN_DEVICE Element* skips() const { return reinterpret_cast<Element*>(p.memory + w.head_at); }
  UMTN_DEVICE Element* hidden() const { return skips() + kStreams * strips.pitch; }
  // Logits of a stream and a band, counted from the first of those that lie here.
  UMTN_DEVICE float* logits(int stream, int band) const {
    return reinterpret_cast<float*>(hidden() + kStreams * strips.pitch) +
           (band * kStreams + stream) * kLogitsPitch;
  }

  UMTN_DEVICE void run(const Turn& turn, int step) const {
    block_sync();
    take_skips(turn);
    block_sync();
    for (int chunk = 0; chunk * strips.kAtOnce < s / 16; ++chunk)
      make_hidden(chunk, turn);
    block_sync();
    const int bands = w.bands / w.head_parts, begin = p.head_part() * bands;
    for (int band = begin; band < begin + bands; band += w.logits_bands) {
      for (int chunk = 0; chunk * strips.kAtOnce < w.logits_bands * kBandStrips; ++chunk)
        make_logits(band, chunk);
      block_sync();
      choose(turn, step, band);
      block_sync();
    }
  }

private:
  UMTN_DEVICE static float rectified(float x) { return x <= 0.0f ? 0.0f : x; }

  UMTN_DEVICE void take_skips(const Turn& turn) const {
    const int width = p.message_width();
    const float* here = reinterpret_cast<const float*>(p.memory + w.skip_at);
    const auto word_at = [&](int i) { return turn.in + i / s * width + w.residual_padded + i % s; };
    each_ahead(
        turn.count * s, [&](int i) { return turn.in ? load_word(word_at(i)) : 0; },
        [&](int i, u64 word) {
          const float sum = turn.in ? bits_to_float(wait_for(word_at(i), turn.tag, word)) : here[i];
          skips()[i / s * strips.pitch + i % s] = P::round(rectified(sum));
        });
  }

  UMTN_DEVICE void make_hidden(int chunk, const Turn& turn) const {
    Sums sums;
    strips.clear(sums);
    strips.multiply(sums, w.fc_at, chunk, 0, s / 16, skips());
    strips.each_strip(chunk, s / 16, [&](int i, int number) {
      strips.each_sum(number, [&](int tile, int j, int stream, int row) {
        float value = sums[i][tile][j] + w.fc_bias[row];
        if (row < w.skip && stream < turn.count)
          value += w.conditioning[(turn.first + stream) * w.conditioning_width +
                                  2 * w.layer_count * w.residual + row];
        hidden()[stream * strips.pitch + row] = P::round(rectified(value));
      });
    });
  }

  UMTN_DEVICE void make_logits(int band, int chunk) const {
    const int end = w.logits_bands * kBandStrips;
    Sums sums;
    strips.clear(sums);
    strips.multiply(sums, w.logits_at + static_cast<i64>(band) * kBandStrips * strips.bytes, chunk,
                    0, end, hidden(), p.hole());
    strips.each_strip(chunk, end, [&](int i, int number) {
      strips.each_sum(number, [&](int tile, int j, int stream, int row) {
        logits(stream, row / kLevels)[row % kLevels] =
            sums[i][tile][j] + w.logits_bias[band * kLevels + row];
      });
    });
  }

  // Codes of some bands, from this one on: one band of one stream a warp.
  UMTN_DEVICE void choose(const Turn& turn, int step, int first_band) const {
    for (int i = strips.warp; i < turn.count * w.logits_bands; i += kWarps) {
      const int stream = turn.first + i % turn.count, band = first_band + i / turn.count;
      const i64 place = (static_cast<i64>(stream) * w.steps + step) * w.bands + band;
      const float* row = logits(i % turn.count, i / turn.count);
      int code;
      if (w.given) {
        code = w.given[place];
        for (int c = strips.lane; c < kLevels; c += 32)
          w.logits[place * kLevels + c] = row[c];
      } else {
        bool finite;
        code = draw_code(row, w.uniforms[place], w.temperatures[band], w.top_p, finite);
        if (strips.lane == 0) {
          w.codes[place] = static_cast<u8>(code);
          if (!finite)
            store_credit(reinterpret_cast<u32*>(w.failed), 1);
        }
      }
      if (strips.lane == 0) {
        if (p.sends())
          store_word(w.feedback + stream * w.bands + band,
                     word_of(static_cast<u32>(code), tag_of(turn.time)));
        else
          remember(w, stream, band, code);
      }
    }
  }

public:
  // Bands lie apart, so that each may be remembered by another thread.
  UMTN_DEVICE static void remember(const umtn_cuda_work& w, int stream, int band, int code) {
    int* recent = w.recent + stream * w.input_kernel * w.bands + band;
    for (int j = 1; j < w.input_kernel; ++j)
      recent[(j - 1) * w.bands] = recent[j * w.bands];
    recent[(w.input_kernel - 1) * w.bands] = code;
  }
};
