// From the sum of the skips to codes, by all threads of a block.
//
// Its bands follow one another, `logits_bands` of them at a time: the logits of 8 bands are more
// than shared memory holds for a large group.
#pragma once

#include "layer.cuh"
#include "sampling.cuh"

template <class K>
struct Head {
  typedef typename K::P P;
  typedef typename P::Element Element;
  typedef typename Strips<K>::Sums Sums;
  typedef Program<K> Matrices;
  static constexpr int kStreams = K::kStreams;
  static constexpr int kLogitsPitch = kLevels + 4;

  const Place<K>& p;
  const umtn_cuda_work& w;
  Clocks& clocks;
  const int s;
  const Strips<K> strips;
  const Divider channels; // of the skips

  UMTN_DEVICE Head(const Place<K>& place, Queue<K>& queue, Clocks& counted)
      : p(place), w(place.w), clocks(counted), s(w.skip_padded), strips(place, queue, s),
        channels(s) {}

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
    clocks.mark(UMTN_SKIPS);
    const Matrix fc = Matrices::hidden(w);
    for (int chunk = 0; chunk * strips.kAtOnce < fc.strips; ++chunk)
      make_hidden(fc, chunk, turn);
    block_sync();
    clocks.mark(UMTN_HIDDEN);
    const int begin = p.first_band();
    for (int band = begin; band < begin + p.own_bands(); band += w.logits_bands) {
      const Matrix logits = Matrices::logits(w, band, p.hole());
      for (int chunk = 0; chunk * strips.kAtOnce < logits.strips; ++chunk)
        make_logits(logits, band, chunk);
      block_sync();
      clocks.mark(UMTN_LOGITS);
      choose(turn, step, band);
      block_sync();
      clocks.mark(UMTN_DRAW);
    }
  }

private:
  UMTN_DEVICE static float rectified(float x) { return x <= 0.0f ? 0.0f : x; }

  UMTN_DEVICE void take_skips(const Turn& turn) const {
    const int width = p.message_width();
    const float* here = reinterpret_cast<const float*>(p.memory + w.skip_at);
    const u64* in = turn.in + w.residual_padded;
    each_ahead<K>(
        channels, turn.count,
        [&](int stream, int channel) {
          return turn.in ? load_word(in + stream * width + channel) : 0;
        },
        [&](int stream, int channel, u64 word) {
          const float sum =
              turn.in ? bits_to_float(wait_for(w, in + stream * width + channel, turn.tag, word))
                      : here[stream * s + channel];
          skips()[stream * strips.pitch + channel] = P::round(rectified(sum));
        });
  }

  UMTN_DEVICE void make_hidden(const Matrix& fc, int chunk, const Turn& turn) const {
    const int width = static_cast<int>(w.conditioning_width);
    const Element* added = static_cast<const Element*>(w.conditioning) +
                           static_cast<i64>(turn.first) * width + 2 * w.layer_count * w.residual;
    Sums sums;
    strips.clear(sums);
    strips.multiply(sums, fc, chunk, skips());
    strips.each_strip(chunk, fc.strips, [&](int i, int number) {
      strips.each_sum(number, [&](int tile, int j, int stream, int row) {
        float value = sums[i][tile][j] + w.fc_bias[row];
        if (row < w.skip && stream < turn.count)
          value += P::widen(added[stream * width + row]);
        hidden()[stream * strips.pitch + row] = P::round(rectified(value));
      });
    });
  }

  UMTN_DEVICE void make_logits(const Matrix& matrix, int band, int chunk) const {
    Sums sums;
    strips.clear(sums);
    strips.multiply(sums, matrix, chunk, hidden());
    strips.each_strip(chunk, matrix.strips, [&](int i, int number) {
      strips.each_sum(number, [&](int tile, int j, int stream, int row) {
        logits(stream, row / kLevels)[row % kLevels] =
            sums[i][tile][j] + w.logits_bias[band * kLevels + row];
      });
    });
  }

  // Codes of some bands, from this one on: one band of one stream a warp.
  UMTN_DEVICE void choose(const Turn& turn, int step, int first_band) const {
    for (int i = strips.warp; i < turn.count * w.logits_bands; i += K::kWarps) {
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
        const float number = w.uniforms ? w.uniforms[place] : number_of(stream, step, band);
        code = draw_code(row, number, w.temperatures[band], w.top_p, finite);
        if (strips.lane == 0) {
          w.codes[place] = static_cast<u8>(code);
          if (!finite)
            store_flag(reinterpret_cast<u32*>(w.failed), 1);
        }
      }
      if (strips.lane == 0) {
        if (K::kSends)
          store_word(w.feedback + stream * w.bands + band,
                     word_of(static_cast<u32>(code), tag_of(w.time + step)));
        else
          remember(w, stream, band, code);
      }
    }
  }

  // The random number that decides a code of this launch.
  UMTN_DEVICE float number_of(int stream, int step, int band) const {
    const u64 sample = static_cast<u64>(w.time + step) * static_cast<u64>(w.bands) + band;
    return uniform_number(w.seeds[stream], w.ids[stream], sample);
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
