// One layer of one group of streams, by all threads of a block (paper, Figure 1, right).
#pragma once

#include "sampling.cuh"
#include "strips.cuh"

// The group of streams and the step that a block is at.
struct Turn {
  int first, count; // streams
  i64 time;         // of the step
  u32 tag;          // of the messages
  u64 *in, *out;    // messages; NULL where the streams stay in this block
};

UMTN_DEVICE float sigmoid(float x) {
  return reciprocal(1.0f + exponential(-x));
}

template <class P, int kTiles>
struct Layers {
  typedef typename P::Element Element;
  typedef typename Strips<P, kTiles>::Sums Sums;
  static constexpr int kStreams = 8 * kTiles; // of a full group

  const Place& p;
  const umtn_cuda_work& w;
  const int r, s;
  const Strips<P, kTiles> strips;
  const int residual_pitch; // numbers from one stream's residual path to the next's
  const int channel_strips;

  UMTN_DEVICE explicit Layers(const Place& place)
      : p(place), w(place.w), r(w.residual_padded), s(w.skip_padded), strips(place, r),
        residual_pitch(r + 4), channel_strips(r / 8) {}

  UMTN_DEVICE Element* tap(int index) const {
    return reinterpret_cast<Element*>(p.memory + w.taps_at) + index * kStreams * strips.pitch;
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
    const i64 weights = l * w.layer_bytes;
    const i64 out_weights = weights + static_cast<i64>(channel_strips) * strips.bytes;
    const i64 older_weights = out_weights + static_cast<i64>((r + s) / 16) * strips.bytes;
    const int chunks = (channel_strips + strips.kAtOnce - 1) / strips.kAtOnce;
    // The older taps do not wait for the newest input, if the sums fit the registers.
    const bool ahead = chunks == 1;

    fetch_older(layer, turn);
    block_sync();
    Sums sums;
    if (ahead) {
      condition(sums, l, 0, turn);
      multiply_older(sums, older_weights, 0);
    }
    if (!first_here)
      take_residual(layer, turn);
    else if (turn.in)
      take_message(layer, turn);
    else
      take_codes(layer, turn);
    block_sync();
    for (int chunk = 0; chunk < chunks; ++chunk) {
      if (!ahead) {
        condition(sums, l, chunk, turn);
        multiply_older(sums, older_weights, chunk);
      }
      strips.multiply(sums, weights, chunk, 0, channel_strips, newest());
      gate(sums, chunk);
    }
    block_sync();
    put_out(l, out_weights, turn, first_here, last_here && turn.out);
  }

private:
  UMTN_DEVICE void fetch_older(const umtn_cuda_layer& layer, const Turn& turn) const {
    constexpr int kOfQuad = 16 / P::kElementBytes;
    const int quads = r / kOfQuad;
    for (int t = 0; t + 1 < w.kernel; ++t) {
      const i64 delay = static_cast<i64>(w.kernel - 1 - t) * layer.dilation;
      const i64 row = layer.ring_offset + (turn.time + layer.ring_size - delay) % layer.ring_size;
      for (int i = thread_index(); i < turn.count * quads; i += kThreads) {
        const int stream = i / quads, at = i % quads * kOfQuad;
        *reinterpret_cast<Quad*>(tap(t) + stream * strips.pitch + at) =
            *reinterpret_cast<const Quad*>(ring_row(turn, stream, row) + at);
      }
    }
  }

  // Sums begin with what the latents add: rows 0 to 7 of a strip are eight channels' gates, rows 8
  // to 15 their filters.
  UMTN_DEVICE void condition(Sums& sums, int l, int chunk, const Turn& turn) const {
#pragma unroll
    for (int i = 0; i < kStrips; ++i) {
      const int channel = strips.number(chunk, i) * 8 + (strips.lane >> 2);
      strips.each_sum(0, [&](int tile, int j, int stream, int) {
        float value = 0.0f;
        if (channel < w.residual && stream < turn.count)
          value = w.conditioning[(turn.first + stream) * w.conditioning_width +
                                 (2 * l + (j >> 1)) * w.residual + channel];
        sums[i][tile][j] = value;
      });
    }
  }

  UMTN_DEVICE void multiply_older(Sums& sums, i64 at, int chunk) const {
    for (int t = 0; t + 1 < w.kernel; ++t)
      strips.multiply(sums, at + static_cast<i64>(t) * channel_strips * strips.bytes, chunk, 0,
                      channel_strips, tap(t));
  }

  // A layer's newest input: to the residual path, the next product, and the ring, where it takes
  // the oldest one's place.
  UMTN_DEVICE void put_input(const umtn_cuda_layer& layer, const Turn& turn, int stream,
                             int channel, float value) const {
    const Element rounded = P::round(value);
    residual()[stream * residual_pitch + channel] = value;
    newest()[stream * strips.pitch + channel] = rounded;
    ring_row(turn, stream, layer.ring_offset + turn.time % layer.ring_size)[channel] = rounded;
  }

  UMTN_DEVICE void take_residual(const umtn_cuda_layer& layer, const Turn& turn) const {
    for (int i = thread_index(); i < turn.count * r; i += kThreads) {
      const int stream = i / r, channel = i % r;
      put_input(layer, turn, stream, channel, residual()[stream * residual_pitch + channel]);
    }
  }

  UMTN_DEVICE void take_message(const umtn_cuda_layer& layer, const Turn& turn) const {
    const int width = p.message_width();
    const auto word_at = [&](int i) { return turn.in + i / r * width + i % r; };
    each_ahead(
        turn.count * r, [&](int i) { return load_word(word_at(i)); },
        [&](int i, u64 word) {
          const float value = bits_to_float(wait_for(word_at(i), turn.tag, word));
          put_input(layer, turn, i / r, i % r, value);
        });
  }

  UMTN_DEVICE void take_codes(const umtn_cuda_layer& layer, const Turn& turn) const {
    for (int i = thread_index(); i < turn.count * r; i += kThreads) {
      const int stream = i / r, channel = i % r;
      const int* recent = w.recent + (turn.first + stream) * w.input_kernel * w.bands;
      put_input(layer, turn, stream, channel,
                w.embedding ? embedded(recent, channel) : convolved(recent, channel));
    }
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
  UMTN_DEVICE void put_out(int l, i64 at, const Turn& turn, bool first_here, bool send) const {
    const int residual_strips = r / 16, end = (r + s) / 16;
    const int from = w.layers[l].last ? residual_strips : 0;
    for (int chunk = 0; chunk * strips.kAtOnce < end; ++chunk) {
      Sums sums;
      strips.clear(sums);
      strips.multiply(sums, at + static_cast<i64>(from) * strips.bytes, chunk, from, end, gated());
      if (l == 0)
        strips.multiply(sums, w.first_skip_at, chunk, residual_strips, end, newest());
      strips.each_strip(chunk, end, [&](int i, int number) {
        if (number < from)
          return;
        if (number < residual_strips)
          put_residual(l, number, sums[i], turn, send);
        else
          put_skips(l, number, sums[i], turn, first_here, send);
      });
    }
  }

  UMTN_DEVICE void put_residual(int l, int number, const float (&sums)[kTiles][4], const Turn& turn,
                                bool send) const {
    strips.each_sum(number, [&](int tile, int j, int stream, int row) {
      if (stream >= turn.count)
        return;
      float* here = residual() + stream * residual_pitch + row;
      put(here, *here + (sums[tile][j] + out_bias(l, row)), turn, stream, row, send);
    });
  }

  UMTN_DEVICE void put_skips(int l, int number, const float (&sums)[kTiles][4], const Turn& turn,
                             bool first_here, bool send) const {
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
            bits_to_float(wait_for(turn.in + stream * (r + s) + row, turn.tag, words[tile][j]));
      else if (l > 0)
        before = *here;
      put(here, before + (sums[tile][j] + out_bias(l, row)), turn, stream, row, send);
    });
  }

  UMTN_DEVICE float out_bias(int l, int row) const {
    return w.out_bias[static_cast<i64>(l) * (r + s) + row];
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
