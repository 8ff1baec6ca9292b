// A run of the encoder: every layer over all rows that later ones hear, some rows at a time.
#pragma once

#include "encoder.hpp"
#include "product.hpp"

namespace {

template <class P>
class Encoding {
public:
  Encoding(const umtn::Encoder* encoder, umtn::EncoderRun* run) : e(*encoder), r(*run) {}

  void run() {
    std::int64_t later = e.reach;
    listen(rows_within(later));
    for (int l = 0; l < e.layers; ++l) {
      later -= std::int64_t{e.layer[l].dilation} * (e.kernel / 2);
      layer(l, rows_within(later));
    }
    finish();
  }

private:
  struct Rows {
    std::int64_t begin, end;
  };

  // The rows of the frames that are asked for and so many on each side, as far as there is audio.
  Rows rows_within(std::int64_t side) const {
    const std::int64_t all = r.samples / e.stride;
    const std::int64_t begin = r.first * e.pool - side;
    const std::int64_t end = (r.first + r.frames) * e.pool + side;
    return {begin > 0 ? begin : 0, end < all ? end : all};
  }

  int vectors() const { return e.padded / kLanes; }
  float* hidden(std::int64_t row) const { return r.hidden + (row - r.begin) * e.padded; }
  std::uint32_t* heard(int l, std::int64_t row) const {
    return r.heard[l % 2] + (row - r.begin) * e.row_units;
  }

  // The first convolution.
  void listen(Rows rows) {
    const int before = (e.first_kernel - e.stride) / 2;
    for (std::int64_t row = rows.begin; row < rows.end; ++row) {
      const std::int64_t start = row * e.stride - before;
      const int begin = start < 0 ? static_cast<int>(-start) : 0;
      const int end =
          start + e.first_kernel > r.samples ? static_cast<int>(r.samples - start) : e.first_kernel;
      for (int v = 0; v < vectors(); ++v) {
        Floats sum = load<Floats>(e.first_bias + v * kLanes);
        for (int tap = begin; tap < end; ++tap)
          sum += load<Floats>(e.first + std::int64_t{tap} * e.padded + v * kLanes) *
                 r.audio[start + tap];
        store(hidden(row) + v * kLanes, sum);
      }
      put(0, row, 1);
    }
  }

  // The rows that a layer hears, from this one on.
  umtn::Input heard_from(int l, std::int64_t row) const {
    return {heard(l, row), P::kScaled ? r.heard_scales[l % 2] + (row - r.begin) : nullptr};
  }

  void layer(int l, Rows rows) {
    const umtn::EncoderLayer& layer = e.layer[l];
    for (std::int64_t row = rows.begin; row < rows.end; row += umtn::kEncoderBlock) {
      const std::int64_t left = rows.end - row;
      const int count = left < umtn::kEncoderBlock ? static_cast<int>(left) : umtn::kEncoderBlock;
      send_for(l, row + count);
      Product p = {};
      p.parts = e.kernel;
      p.errands = &errands_;
      p.matrix = layer.taps;
      for (int tap = 0; tap < e.kernel; ++tap)
        r.inputs[tap] = heard_from(l, row + std::int64_t{tap - e.kernel / 2} * layer.dilation);
      p.inputs = r.inputs;
      p.activation_stride = e.row_units;
      p.start = e.zeros;
      p.bias = layer.bias;
      if constexpr (P::kScaled) {
        // A row's scale is known once all of it is there.
        p.out = r.sums;
        p.out_stride = e.padded;
        multiply<P, Rectify>(p, count, 0, 1);
        for (int i = 0; i < count; ++i)
          r.rectified_scales[i] = put_row<P>(r.sums + std::int64_t{i} * e.padded, vectors(),
                                             r.rectified + std::int64_t{i} * e.row_units);
      } else {
        p.gated = r.rectified;
        p.gated_stride = e.row_units;
        multiply<P, RectifyInto>(p, count, 0, 1);
      }

      p = {};
      p.parts = 1;
      p.errands = &errands_;
      p.matrix = &layer.out;
      r.inputs[0] = {r.rectified, P::kScaled ? r.rectified_scales : nullptr};
      p.inputs = r.inputs;
      p.activation_stride = e.row_units;
      p.start = p.out = hidden(row);
      p.start_stride = p.out_stride = e.padded;
      p.bias = layer.out_bias;
      multiply<P, Keep>(p, count, 0, 1);
      if (l + 1 < e.layers)
        put(l + 1, row, count);
    }
  }

  // Lets the rows that come next, all of them larger than a core's own cache, come nearer.
  void send_for(int l, std::int64_t row) {
    const umtn::EncoderLayer& layer = e.layer[l];
    errands_.clear();
    if (row + umtn::kEncoderBlock + std::int64_t{e.kernel} * layer.dilation > r.begin + r.rows)
      return;
    const std::int64_t bytes = std::int64_t{4} * umtn::kEncoderBlock * e.row_units;
    errands_.add(hidden(row), std::int64_t{4} * umtn::kEncoderBlock * e.padded);
    errands_.add(heard(l + 1, row), bytes);
    for (int tap = 0; tap < e.kernel; ++tap)
      errands_.add(heard(l, row + std::int64_t{tap - e.kernel / 2} * layer.dilation), bytes);
    const int panels = panels_of(layer.taps[0]) + panels_of(layer.out);
    errands_.share(panels * ((umtn::kEncoderBlock + kTile - 1) / kTile));
  }

  // Has a layer hear what is in some rows now.
  void put(int l, std::int64_t row, int count) {
    for (int i = 0; i < count; ++i) {
      const float* values = hidden(row + i);
      if (e.leading_relu) {
        for (int v = 0; v < vectors(); ++v)
          store(r.sums + v * kLanes, rectified(load<Floats>(values + v * kLanes)));
        values = r.sums;
      }
      const float scale = put_row<P>(values, vectors(), heard(l, row + i));
      if constexpr (P::kScaled)
        r.heard_scales[l % 2][row + i - r.begin] = scale;
    }
  }

  // Averages before the last product, which is linear: the same, and done once a frame.
  void finish() {
    for (std::int64_t frame = 0; frame < r.frames; ++frame)
      for (int v = 0; v < vectors(); ++v) {
        Floats sum = Floats{};
        for (int i = 0; i < e.pool; ++i)
          sum += load<Floats>(hidden((r.first + frame) * e.pool + i) + v * kLanes);
        store(r.pooled + frame * e.padded + v * kLanes, sum * (1.0f / static_cast<float>(e.pool)));
      }
    Product p = {};
    p.parts = 1;
    p.matrix = &e.latent;
    r.inputs[0] = {reinterpret_cast<const std::uint32_t*>(r.pooled), nullptr};
    p.inputs = r.inputs;
    p.activation_stride = e.padded;
    p.start = e.zeros;
    p.bias = e.latent_bias;
    p.out = r.latents;
    p.out_stride = e.latent_padded;
    multiply<Fp32, Keep>(p, static_cast<int>(r.frames), 0, 1);
  }

  const umtn::Encoder& e;
  umtn::EncoderRun& r;
  Errands errands_;
};

void run_encoder(const umtn::Encoder* encoder, umtn::EncoderRun* run) {
  switch (encoder->precision) {
  case 0:
    return Encoding<Fp32>(encoder, run).run();
  case 1:
    return Encoding<Bf16>(encoder, run).run();
  default:
    return Encoding<Int8>(encoder, run).run();
  }
}

} // namespace
