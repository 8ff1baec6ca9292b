// One step after another of a batch of streams. Compiled once for each target; nothing here may be
// visible to the linker but the table at the end (see model.hpp).
#include "kernel.hpp"

#include "encode.hpp"
#include "product.hpp"
#include "sampling.hpp"

#include <algorithm>

namespace {

using umtn::Input;
using umtn::Layer;
using umtn::Matrix;
using umtn::Network;
using umtn::Streams;
using umtn::Work;

// What is no larger than this stays in a core's own cache by itself.
constexpr std::int64_t kNear = std::int64_t{512} << 10;

template <class P>
class Stepper {
public:
  Stepper(Streams* streams, const Work* work, int thread)
      : s(*streams), n(*streams->network), work_(*work), thread_(thread),
        width_(2 * n.residual_padded), sums_stride_(n.residual_padded + n.skip_padded),
        residual_vectors_(n.residual_padded / kLanes), skip_vectors_(n.skip_padded / kLanes),
        fused_(s.ahead == 1) {}

  void run() {
    for (step_ = 0; step_ < work_.steps; ++step_) {
      time_ = s.time + step_;
      in_group_ = step_ % s.ahead;
      begin();
      for (int l = 0; l < n.layers; ++l)
        layer(l);
      finish();
    }
  }

private:
  void wait() {
    if (s.threads > 1)
      umtn::team_wait(s.team);
  }

  Part mine(int whole) const { return part_of(whole, thread_, s.threads); }

  Part of_residual(Part vectors) const {
    return {vectors.begin, vectors.end < residual_vectors_ ? vectors.end : residual_vectors_};
  }

  std::int64_t ring_row(const Layer& layer, std::int64_t time) const {
    // Before the start, the rows that stand for negative times.
    const std::int64_t turn = time % layer.ring_rows;
    return layer.ring_offset + (turn < 0 ? turn + layer.ring_rows : turn);
  }

  // The first layer's input from the newest codes, and what of it goes straight to the skips.
  void begin() {
    const Part vectors = mine(residual_vectors_ + skip_vectors_);
    for (int i = 0; i < s.streams; ++i) {
      const std::int32_t* recent = s.recent + static_cast<std::int64_t>(i) * n.input_codes;
      float* out = s.sums + i * sums_stride_;
      for (int v = vectors.begin; v < vectors.end; ++v) {
        Floats sum = load<Floats>(n.first_bias + v * kLanes);
        for (int j = 0, band = 0; j < n.input_codes;
             ++j, band = band + 1 < n.bands ? band + 1 : 0) {
          if (recent[j] < 0)
            continue;
          const std::int64_t row = n.embedding ? band * umtn::kLevels + recent[j] : j;
          const float value = n.embedding ? 1.0f : static_cast<float>(recent[j]) / 255.0f - 0.5f;
          sum += load<Floats>(n.first + row * sums_stride_ + v * kLanes) * value;
        }
        store(out + v * kLanes, sum);
      }
    }
    if (!fused_)
      multiply_older(0);
    if (P::kScaled)
      wait();
    push(0, of_residual(vectors));
    wait();
  }

  void layer(int l) {
    const Layer& layer = n.layer[l];
    send_for(l + 1 < n.layers ? l + 1 : 0, l + 1 < n.layers ? time_ : time_ + 1);
    Product p = {};
    p.parts = 1;
    p.errands = &errands_;
    p.activation_stride = n.row_units;
    p.start_stride = width_;
    p.gated = s.gated;
    p.gated_stride = n.row_units;
    Input* inputs = s.inputs + static_cast<std::int64_t>(thread_) * n.kernel;
    p.inputs = inputs;
    if (fused_) {
      for (int tap = 0; tap < n.kernel; ++tap) {
        const std::int64_t delay = static_cast<std::int64_t>(n.kernel - 1 - tap) * layer.dilation;
        inputs[tap] = ring_input(ring_row(layer, time_ - delay));
      }
      p.matrix = layer.taps;
      p.parts = n.kernel;
      p.start = conditioning(l);
    } else {
      inputs[0] = ring_input(ring_row(layer, time_));
      p.matrix = &layer.taps[n.kernel - 1];
      p.start = hidden(l, in_group_);
    }
    multiply<P, Gate>(p, s.streams, thread_, s.threads);
    // Ready for the next layer while others may still be at this one's gates.
    const bool last = l + 1 == n.layers;
    if (!last && !fused_)
      multiply_older(l + 1);
    wait();

    p = {};
    p.parts = 1;
    p.errands = &errands_;
    p.matrix = &layer.out;
    inputs[0] = {s.gated, nullptr};
    p.inputs = inputs;
    p.activation_stride = n.row_units;
    p.out = s.sums + (last ? n.residual_padded : 0);
    p.out_stride = sums_stride_;
    p.start = p.out;
    p.start_stride = sums_stride_;
    p.bias = layer.out_bias;
    multiply<P, Keep>(p, s.streams, thread_, s.threads);
    if (!last) {
      // A row's scale is known once all of it is there.
      if (P::kScaled)
        wait();
      push(l + 1, of_residual(vectors_of(layer.out, thread_, s.threads)));
    }
    wait();
  }

  // Lets what a layer reads of conditioning and rings, and where it writes, come nearer. Rings are
  // far larger than any cache, and no processor foresees their turns.
  void send_for(int l, std::int64_t time) {
    const Layer& layer = n.layer[l];
    const std::int64_t row = std::int64_t{4} * s.streams * n.row_units;
    errands_.clear();
    if (s.streams * width_ * 4 * n.layers > kNear)
      errands_.add(conditioning(l), s.streams * width_ * 4);
    if (row * n.ring_rows > kNear)
      for (int tap = 0; tap < n.kernel; ++tap)
        errands_.add(row_units(ring_row(layer, time - std::int64_t{tap} * layer.dilation)), row);
    const int panels = (layer.taps[0].vectors + layer.out.vectors) / kPanel;
    errands_.share(std::max(1, panels / s.threads) * ((s.streams + kTile - 1) / kTile));
  }

  // From the sum of the skips to logits, and to the next codes.
  void finish() {
    const Part streams = mine(s.streams);
    for (std::int64_t i = streams.begin; i < streams.end; ++i) {
      for (int v = 0; v < skip_vectors_; ++v)
        P::Head::put(
            s.head + i * n.head_units, v,
            rectified(load<Floats>(s.sums + i * sums_stride_ + n.residual_padded + v * kLanes)),
            0.0f);
      // No thread reads them before the newest are there.
      std::int32_t* recent = s.recent + i * n.input_codes;
      for (int j = n.bands; j < n.input_codes; ++j)
        recent[j - n.bands] = recent[j];
    }
    wait();
    std::uint32_t* hidden = s.head + static_cast<std::int64_t>(s.streams) * n.head_units;
    Product p = {};
    Input input = {s.head, nullptr};
    p.parts = 1;
    p.matrix = &n.fc;
    p.inputs = &input;
    p.activation_stride = n.head_units;
    p.start = s.output_conditioning;
    p.start_stride = n.skip_padded;
    p.bias = n.fc_bias;
    p.gated = hidden;
    p.gated_stride = n.head_units;
    multiply<typename P::Head, RectifyInto>(p, s.streams, thread_, s.threads);
    wait();
    p.matrix = &n.logits;
    input = {hidden, nullptr};
    p.start = n.zeros;
    p.start_stride = 0;
    p.bias = n.logits_bias;
    p.out = s.logits;
    p.out_stride = n.outputs;
    multiply<typename P::Head, Keep>(p, s.streams, thread_, s.threads);
    wait();
    choose(mine(s.streams * n.bands));
    wait();
  }

  // The codes of some draws (see `Draws`), by their logits or as given.
  void choose(Part draws) {
    const std::int64_t done = static_cast<std::int64_t>(step_) * n.bands;
    const std::uint8_t* chosen = (work_.given ? work_.given : work_.codes) + done;
    if (work_.given) {
      const std::int64_t row = static_cast<std::int64_t>(work_.steps) * n.bands;
      for_each(draws, [&](std::int64_t stream, int band) {
        std::memcpy(work_.logits + (stream * row + done + band) * umtn::kLevels,
                    s.logits + (stream * n.bands + band) * umtn::kLevels,
                    umtn::kLevels * sizeof(float));
      });
    } else {
      umtn::Draws d = {};
      d.begin = draws.begin;
      d.end = draws.end;
      d.bands = n.bands;
      d.logits = s.logits;
      d.uniforms = work_.uniforms + done;
      d.uniforms_row = static_cast<std::int64_t>(work_.steps) * n.bands;
      d.temperatures = s.temperatures;
      d.top_p = s.top_p;
      d.codes = work_.codes + done;
      d.codes_row = work_.row;
      d.room = s.draw_room + static_cast<std::int64_t>(thread_) * umtn::kDrawn * umtn::kLevels;
      if (!draw(&d))
        s.failed[thread_] = 1;
    }
    for_each(draws, [&](std::int64_t stream, int band) {
      s.recent[(stream + 1) * n.input_codes - n.bands + band] = chosen[stream * work_.row + band];
    });
  }

  // Calls work(stream, band) for some draws, one after another.
  template <class F>
  void for_each(Part draws, F work) const {
    std::int64_t stream = draws.begin / n.bands;
    int band = draws.begin % n.bands;
    for (int i = draws.begin; i < draws.end; ++i) {
      work(stream, band);
      if (++band == n.bands) {
        band = 0;
        ++stream;
      }
    }
  }

  const float* conditioning(int l) const {
    return s.conditioning + static_cast<std::int64_t>(l) * s.streams * width_;
  }

  const std::uint32_t* row_units(std::int64_t ring_row) const {
    return s.rings + ring_row * s.streams * n.row_units;
  }

  Input ring_input(std::int64_t ring_row) const {
    return {row_units(ring_row), P::kScaled ? s.ring_scales + ring_row * s.streams : nullptr};
  }

  float* hidden(int l, int in_group) const {
    return s.hidden + l * s.hidden_layer + static_cast<std::int64_t>(in_group) * s.streams * width_;
  }

  // Adds the products of a layer's older taps to its conditioning: for this step, or for as many
  // as do not depend on one another. They never depend on the newest sample.
  void multiply_older(int l) {
    const Layer& layer = n.layer[l];
    const int together = s.ahead < layer.dilation ? s.ahead : layer.dilation;
    if (in_group_ % together)
      return;
    int steps = together;
    if (steps > s.ahead - in_group_)
      steps = s.ahead - in_group_;
    if (steps > work_.steps - step_)
      steps = work_.steps - step_;

    float* out = hidden(l, in_group_);
    const float* start = conditioning(l);
    if (steps > 1) {
      const Part vectors = vectors_of(layer.taps[0], thread_, s.threads);
      for (std::int64_t i = 0; i < static_cast<std::int64_t>(steps) * s.streams; ++i)
        for (int v = vectors.begin; v < vectors.end; ++v)
          store(out + i * width_ + v * kLanes,
                load<Floats>(conditioning(l) + (i % s.streams) * width_ + v * kLanes));
      start = out;
    }
    for (int tap = 0; tap + 1 < n.kernel; ++tap) {
      const std::int64_t delay = static_cast<std::int64_t>(n.kernel - 1 - tap) * layer.dilation;
      for (int done = 0; done < steps;) {
        const std::int64_t row = ring_row(layer, time_ + done - delay);
        // Rows of successive times lie behind one another as far as the ring's end.
        const std::int64_t unbroken = layer.ring_offset + layer.ring_rows - row;
        const int count = steps - done < unbroken ? steps - done : static_cast<int>(unbroken);
        const std::int64_t offset = static_cast<std::int64_t>(done) * s.streams * width_;
        const Input input = ring_input(row);
        Product p = {};
        p.parts = 1;
        p.matrix = &layer.taps[tap];
        p.inputs = &input;
        p.activation_stride = n.row_units;
        p.start = start + offset;
        p.start_stride = width_;
        p.bias = n.zeros;
        p.out = out + offset;
        p.out_stride = width_;
        multiply<P, Keep>(p, count * s.streams, thread_, s.threads);
        done += count;
      }
      start = out;
    }
  }

  // Puts a layer's newest input into its ring.
  void push(int l, Part vectors) {
    const std::int64_t row = ring_row(n.layer[l], time_) * s.streams;
    if constexpr (P::kScaled) {
      const Part streams = mine(s.streams);
      float* scales = s.ring_scales + row;
      for (int i = streams.begin; i < streams.end; ++i)
        scales[i] = greatest_magnitude(s.sums + i * sums_stride_, residual_vectors_);
      // Of all rows at once: a division takes as long as the rest of a row.
      for (int i = streams.begin; i < streams.end; ++i)
        scales[i] = row_scale(scales[i]);
      for (int i = streams.begin; i < streams.end; ++i)
        put_at<P>(s.sums + i * sums_stride_, residual_vectors_, s.rings + (row + i) * n.row_units,
                  scales[i]);
    } else {
      for (std::int64_t i = 0; i < s.streams; ++i)
        for (int v = vectors.begin; v < vectors.end; ++v)
          P::put(s.rings + (row + i) * n.row_units, v,
                 load<Floats>(s.sums + i * sums_stride_ + v * kLanes), 0.0f);
    }
  }

  Streams& s;
  const Network& n;
  const Work& work_;
  const int thread_;
  const std::int64_t width_, sums_stride_;
  const int residual_vectors_, skip_vectors_;
  const bool fused_; // older taps are multiplied with the newest, for one step at a time
  int step_ = 0, in_group_ = 0;
  std::int64_t time_ = 0;
  Errands errands_;
};

void run(Streams* streams, const Work* work, int thread) {
  switch (streams->network->precision) {
  case 0:
    return Stepper<Fp32>(streams, work, thread).run();
  case 1:
    return Stepper<Bf16>(streams, work, thread).run();
  default:
    return Stepper<Int8>(streams, work, thread).run();
  }
}

// Conditioning comes with all gates before all filters and without padding.
void take_conditioning(Streams* streams, const float* conditioning) {
  const Streams& s = *streams;
  const Network& n = *s.network;
  const std::int64_t width = 2 * n.residual_padded;
  const int channel_vectors = n.residual_padded / kLanes;
  for (std::int64_t i = 0; i < s.streams; ++i) {
    for (int l = 0; l < n.layers; ++l) {
      float* out = s.conditioning + (static_cast<std::int64_t>(l) * s.streams + i) * width;
      for (int first = 0; first < channel_vectors; first += kPanel / 2) {
        const int left = channel_vectors - first;
        const int half = left < kPanel / 2 ? left : kPanel / 2;
        for (int c = first * kLanes; c < (first + half) * kLanes && c < n.residual; ++c) {
          float* gate = out + first * kLanes + c;
          gate[0] = conditioning[c];
          gate[half * kLanes] = conditioning[n.residual + c];
        }
      }
      conditioning += 2 * n.residual;
    }
    for (int c = 0; c < n.skip; ++c)
      s.output_conditioning[i * n.skip_padded + c] = conditioning[c];
    conditioning += n.skip;
  }
}

template <class P>
void load_row_as(const Network& n, const float* values, std::uint32_t* row, float* scale) {
  const float used = put_row<P>(values, n.residual_padded / kLanes, row);
  if constexpr (P::kScaled)
    *scale = used;
}

template <class P>
void get_row(const Network& n, const std::uint32_t* row, float scale, float* values) {
  for (int v = 0; v < n.residual_padded / kLanes; ++v)
    store(values + v * kLanes, P::get(row, v, scale));
}

void load_row(const Network* n, const float* values, std::uint32_t* row, float* scale) {
  switch (n->precision) {
  case 0:
    return load_row_as<Fp32>(*n, values, row, scale);
  case 1:
    return load_row_as<Bf16>(*n, values, row, scale);
  default:
    return load_row_as<Int8>(*n, values, row, scale);
  }
}

void store_row(const Network* n, const std::uint32_t* row, float scale, float* values) {
  switch (n->precision) {
  case 0:
    return get_row<Fp32>(*n, row, scale, values);
  case 1:
    return get_row<Bf16>(*n, row, scale, values);
  default:
    return get_row<Int8>(*n, row, scale, values);
  }
}

// As many independent sums as a full tile has, and nothing else.
template <class P>
double peak(long rounds) {
  typename P::Sum sums[kTile][kPanel];
  // All different, or the compiler would compute equal ones only once.
  for (int r = 0; r < kTile; ++r)
    for (int m = 0; m < kPanel; ++m)
      sums[r][m] = typename P::Sum{} + static_cast<std::uint8_t>(r * kPanel + m);
  Units weights[kPanel];
  for (int m = 0; m < kPanel; ++m)
    weights[m] = Units{} + static_cast<std::uint32_t>(m);
  std::uint32_t activation = 0;
  for (long i = 0; i < rounds; ++i) {
    // Hidden from the compiler, which would otherwise compute ahead.
    asm volatile("" : "+r"(activation));
    for (int r = 0; r < kTile; ++r)
      for (int m = 0; m < kPanel; ++m)
        P::add_product(sums[r][m], weights[m], activation);
  }
  typename P::Sum total = {};
  for (int r = 0; r < kTile; ++r)
    for (int m = 0; m < kPanel; ++m)
      total += sums[r][m];
  volatile auto used = total[0];
  static_cast<void>(used);
  return static_cast<double>(rounds) * kTile * kPanel * kLanes * P::kElements;
}

double peak_work(int precision, long rounds) {
  switch (precision) {
  case 0:
    return peak<Fp32>(rounds);
  case 1:
    return peak<Bf16>(rounds);
  default:
    return peak<Int8>(rounds);
  }
}

} // namespace

namespace umtn {

extern const Target UMTN_TARGET = {
    UMTN_TARGET_NAME, kLanes,    kPanel, take_conditioning, run,
    load_row,         store_row, draw,   run_encoder,       peak_work,
};

} // namespace umtn
