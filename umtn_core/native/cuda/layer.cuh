// One layer of one group of streams, by all threads of a block (paper, Figure 1, right).
#pragma once

#include "strips.cuh"

// The group of streams and the step that a block is at.
struct Turn {
  int first, count; // streams
  int step;         // of this launch
  u32 tag;          // of the messages
  u64 *in, *out;    // messages; NULL where the streams stay in this block
};

UMTN_DEVICE float sigmoid(float x) {
  return reciprocal(1.0f + exponential(-x));
}

template <class K>
struct Layers {
  typedef typename K::P P;
  typedef typename P::Element Element;
  typedef typename Strips<K>::Sums Sums;
  typedef Program<K> Matrices;
  static constexpr int kTiles = K::kTiles, kStrips = K::kStrips, kOutStrips = K::kOutStrips;

  const Place<K>& p;
  const umtn_cuda_work& w;
  Clocks& clocks;
  const int r, s;
  const Strips<K> strips;
  const int residual_pitch; // numbers from one stream's residual path to the next's
  const int channel_strips;
  // What the first chunks of the newest tap and of what goes out are multiplied by, where a kernel
  // has but one layer.
  Quad newest_held[K::kHeld ? kHeldTiles : 1][K::kStrips];
  Quad out_held[K::kHeld ? kHeldTiles : 1][K::kOutStrips];
  const Divider channels, quads; // of the residual path; of a ring's rows, 16 bytes at a time

  UMTN_DEVICE Layers(const Place<K>& place, Queue<K>& queue, Clocks& counted)
      : p(place), w(place.w), clocks(counted), r(w.residual_padded), s(w.skip_padded),
        strips(place, queue, r), residual_pitch(r + 4), channel_strips(r / 8), channels(r),
        quads(r * P::kElementBytes / 16) {}

  // Called once a block's weights are there.
  UMTN_DEVICE void start() {
    if constexpr (K::kHeld) {
      const int l = p.first_layer();
      if (l < p.end_layer()) {
        strips.hold(newest_held, Matrices::taps(w, l, w.kernel - 1));
        strips.hold(out_held, Matrices::out(w, l));
      }
    }
  }

  UMTN_DEVICE Element* tap(int index) const {
    return reinterpret_cast<Element*>(p.memory + w.taps_at) + index * K::kStreams * strips.pitch;
  }
  UMTN_DEVICE Element* newest() const { return tap(w.kernel - 1); }
  UMTN_DEVICE Element* gated() const { return reinterpret_cast<Element*>(p.memory + w.gated_at); }
  UMTN_DEVICE float* residual() const { return reinterpret_cast<float*>(p.memory + w.residual_at); }
  UMTN_DEVICE float* skips() const { return reinterpret_cast<float*>(p.memory + w.skip_at); }

  UMTN_DEVICE Element* ring_row(const Turn& turn, int stream, i64 row) const {
    return static_cast<Element*>(w.rings) + ((turn.first + stream) * w.ring_rows + row) * r;
  }

  UMTN_DEVICE void run(int l, const Turn& turn, bool first_here, bool last_here) const {
    const umtn_cuda_layer layer = w.layers[l];
    // The ring's row that the newest input takes, which is the oldest one's. Known before anything
    // is waited for, as all else that can be.
    const int size = static_cast<int>(layer.ring_size);
    const int row = static_cast<int>(static_cast<u32>(p.rows()[l - p.first_layer()] + turn.step) %
                                     static_cast<u32>(size));
    const i64 newest_row = layer.ring_offset + row;

    fetch_older(layer, row, turn);
    block_sync();
    for (int chunk = 0; chunk * strips.kAtOnce < channel_strips; ++chunk) {
      Sums sums;
      condition(sums, l, chunk, turn);
      for (int t = 0; t < w.kernel; ++t) {
        // The older taps do not wait for the newest input.
        if (chunk == 0 && t + 1 == w.kernel) {
          clocks.mark(UMTN_OLDER);
          take_input(newest_row, turn, first_here);
          block_sync();
          clocks.mark(UMTN_ARRIVAL);
        }
        if constexpr (K::kHeld) {
          if (t + 1 == w.kernel) {
            strips.multiply_held(sums, newest_held, r / 16, newest());
            continue;
          }
        }
        strips.multiply(sums, Matrices::taps(w, l, t), chunk, tap(t));
      }
      clocks.mark(UMTN_NEWEST);
      gate(sums, chunk);
    }
    block_sync();
    clocks.mark(UMTN_GATE);
    put_out(l, turn, first_here, last_here && turn.out);
    clocks.mark(UMTN_OUT);
  }

private:
  UMTN_DEVICE void fetch_older(const umtn_cuda_layer& layer, int newest_row,
                               const Turn& turn) const {
    constexpr int kOfQuad = 16 / P::kElementBytes;
    const int size = static_cast<int>(layer.ring_size);
    for (int t = 0; t + 1 < w.kernel; ++t) {
      const int before = newest_row - (w.kernel - 1 - t) * layer.dilation;
      const i64 row = layer.ring_offset + (before < 0 ? before + size : before);
      each<K>(quads, turn.count, [&](int stream, int quad) {
        *reinterpret_cast<Quad*>(tap(t) + stream * strips.pitch + quad * kOfQuad) =
            *reinterpret_cast<const Quad*>(ring_row(turn, stream, row) + quad * kOfQuad);
      });
    }
  }

  // Sums begin with what the latents add: rows 0 to 7 of a strip are eight channels' gates, rows 8
  // to 15 their filters.
  UMTN_DEVICE void condition(Sums& sums, int l, int chunk, const Turn& turn) const {
    const int width = static_cast<int>(w.conditioning_width);
    const Element* added = static_cast<const Element*>(w.conditioning) +
                           static_cast<i64>(turn.first) * width + 2 * l * w.residual;
#pragma unroll
    for (int i = 0; i < kStrips; ++i) {
      const int channel = strips.number(chunk, i) * 8 + (strips.lane >> 2);
      strips.each_sum(0, [&](int tile, int j, int stream, int) {
        float value = 0.0f;
        if (channel < w.residual && stream < turn.count)
          value = P::widen(added[stream * width + (j >> 1) * w.residual + channel]);
        sums[i][tile][j] = value;
      });
    }
  }

  UMTN_DEVICE void take_input(i64 newest_row, const Turn& turn, bool first_here) const {
    if (!first_here)
      take_residual(newest_row, turn);
    else if (turn.in)
      take_message(newest_row, turn);
    else
      take_codes(newest_row, turn);
  }

  // A layer's newest input: to the residual path, the next product, and the ring.
  UMTN_DEVICE void put_input(i64 newest_row, const Turn& turn, int stream, int channel,
                             float value) const {
    const Element rounded = P::round(value);
    newest()[stream * strips.pitch + channel] = rounded;
    residual()[stream * residual_pitch + channel] = value;
    ring_row(turn, stream, newest_row)[channel] = rounded;
  }

  UMTN_DEVICE void take_residual(i64 newest_row, const Turn& turn) const {
    each<K>(channels, turn.count, [&](int stream, int channel) {
      put_input(newest_row, turn, stream, channel, residual()[stream * residual_pitch + channel]);
    });
  }

  UMTN_DEVICE void take_message(i64 newest_row, const Turn& turn) const {
    const int width = p.message_width();
    each_ahead<K>(
        channels, turn.count,
        [&](int stream, int channel) { return load_word(turn.in + stream * width + channel); },
        [&](int stream, int channel, u64 word) {
          const u64* at = turn.in + stream * width + channel;
          const float value = bits_to_float(wait_for(w, at, turn.tag, word));
          put_input(newest_row, turn, stream, channel, value);
        });
  }

  UMTN_DEVICE void take_codes(i64 newest_row, const Turn& turn) const {
    each<K>(channels, turn.count, [&](int stream, int channel) {
      const int* recent = w.recent + (turn.first + stream) * w.input_kernel * w.bands;
      put_input(newest_row, turn, stream, channel,
                w.embedding ? embedded(recent, channel) : convolved(recent, channel));
    });
  }

  // The sum of the codes' vectors, lowest band first; a code of -1 adds nothing.
  UMTN_DEVICE float embedded(const int* recent, int channel) const {
    float sum = w.first_bias[channel];
    for (int j = 0; j < w.input_kernel; ++j)
#pragma unroll 4
      for (int band = 0; band < w.bands; ++band) {
        const int code = recent[j * w.bands + band];
        sum += code < 0 ? 0.0f : w.first[(band * kLevels + code) * r + channel];
      }
    return sum;
  }

  UMTN_DEVICE float convolved(const int* recent, int channel) const {
    float sum = w.first_bias[channel];
    for (int j = 0; j < w.input_kernel; ++j)
      if (recent[j] >= 0)
        sum += w.first[j * r + channel] * (static_cast<float>(recent[j]) / 255.0f - 0.5f);
    return sum;
  }

  UMTN_DEVICE void gate(const Sums& sums, int chunk) const {
    strips.each_strip(chunk, channel_strips, [&](int i, int number) {
#pragma unroll
      for (int tile = 0; tile < kTiles; ++tile)
#pragma unroll
        for (int j = 0; j < 2; ++j) {
          const int stream = tile * 8 + (strips.lane & 3) * 2 + j;
          const float tanh = 2.0f * sigmoid(2.0f * sums[i][tile][j + 2]) - 1.0f;
          gated()[stream * strips.pitch + number * 8 + (strips.lane >> 2)] =
              P::round(sigmoid(sums[i][tile][j]) * tanh);
        }
    });
  }

  // What goes on to the next layer, and what is added to the sum of the skips.
  UMTN_DEVICE void put_out(int l, const Turn& turn, bool first_here, bool send) const {
    const Matrix out = Matrices::out(w, l);
    const int residual_strips = r / 16;
    const bool last = w.layers[l].last;
    for (int chunk = 0; chunk * strips.kOutAtOnce < out.strips; ++chunk) {
      // Asked for here, so that it has come when the product is made.
      float bias[kOutStrips][2];
      strips.template each_strip<kOutStrips>(chunk, out.strips, [&](int i, int number) {
        const float* at =
            w.out_bias + static_cast<i64>(l) * (r + s) + number * 16 + (strips.lane >> 2);
        bias[i][0] = at[0];
        bias[i][1] = at[8];
      });
      Sums sums;
      strips.clear(sums);
      bool held = false;
      if constexpr (K::kHeld) {
        held = chunk == 0;
        if (held)
          strips.multiply_held(sums, out_held, r / 16, gated());
      }
      // The first layer's input goes to the skips as well.
      for (int from_input = held; from_input <= (l == 0); ++from_input)
        strips.template multiply<kOutStrips>(sums, from_input ? Matrices::first_skip(w) : out,
                                             chunk, from_input ? newest() : gated());
      strips.template each_strip<kOutStrips>(chunk, out.strips, [&](int i, int number) {
        if (number >= residual_strips)
          put_skips(l, number, sums[i], bias[i], turn, first_here, send);
        else if (!last)
          put_residual(number, sums[i], bias[i], turn, send);
      });
    }
  }

  UMTN_DEVICE void put_residual(int number, const float (&sums)[kTiles][4], const float (&bias)[2],
                                const Turn& turn, bool send) const {
    strips.each_sum(number, [&](int tile, int j, int stream, int row) {
      if (stream >= turn.count)
        return;
      float* here = residual() + stream * residual_pitch + row;
      put(here, *here + (sums[tile][j] + bias[j >> 1]), turn, stream, row, send);
    });
  }

  UMTN_DEVICE void put_skips(int l, int number, const float (&sums)[kTiles][4],
                             const float (&bias)[2], const Turn& turn, bool first_here,
                             bool send) const {
    const bool from_message = first_here && turn.in;
    u64 words[kTiles][4];
    if (from_message)
      strips.each_sum(number, [&](int tile, int j, int stream, int row) {
        if (stream < turn.count)
          words[tile][j] = load_word(turn.in + stream * (r + s) + row);
      });
    strips.each_sum(number, [&](int tile, int j, int stream, int row) {
      if (stream >= turn.count)
        return;
      float* here = skips() + stream * s + row - r;
      float before = 0.0f;
      if (from_message)
        before =
            bits_to_float(wait_for(w, turn.in + stream * (r + s) + row, turn.tag, words[tile][j]));
      else if (l > 0)
        before = *here;
      put(here, before + (sums[tile][j] + bias[j >> 1]), turn, stream, row, send);
    });
  }

  // Keeps a number of a message in this block, or sends it on.
  UMTN_DEVICE void put(float* here, float value, const Turn& turn, int stream, int row,
                       bool send) const {
    if (send)
      store_word(turn.out + stream * (r + s) + row, word_of(float_to_bits(value), turn.tag));
    else
      *here = value;
  }
};
