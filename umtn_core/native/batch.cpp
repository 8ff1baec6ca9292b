#include "batch.hpp"

#include "denormals.hpp"
#include "umtn_decode.h"

#include <algorithm>

namespace umtn {
namespace {

// Up to here, weights that come from memory and not arithmetic are what limits a step: halved by a
// lower precision, they come as fast as they are wanted by fewer streams.
int few_streams(int precision) {
  return precision == UMTN_FP32 ? 4 : 2;
}

} // namespace

Batch::Batch(const Network& network, const Target& target, int streams, int threads,
             const double* temperatures, double top_p)
    : target_(target), team_(threads) {
  Streams& s = streams_;
  const Network& n = network;
  const std::size_t count = streams;
  s.network = &network;
  s.team = &team_;
  s.streams = streams;
  s.threads = threads;
  s.ahead = streams <= few_streams(n.precision) ? kAhead : 1;
  auto* factors = arena_.array<double>(n.bands);
  std::copy_n(temperatures, n.bands, factors);
  s.temperatures = factors;
  s.top_p = top_p;

  const std::size_t hidden = count * s.ahead * 2 * n.residual_padded;
  s.hidden_layer = s.ahead > 1 ? static_cast<std::int64_t>(hidden) : 0;
  s.rings = arena_.array<std::uint32_t>(count * n.ring_rows * n.row_units);
  s.ring_scales = arena_.array<float>(count * n.ring_rows);
  s.hidden = arena_.array<float>(hidden * (s.ahead > 1 ? n.layers : 1));
  s.conditioning = arena_.array<float>(count * n.layers * 2 * n.residual_padded);
  s.output_conditioning = arena_.array<float>(count * n.skip_padded);
  s.sums = arena_.array<float>(count * (n.residual_padded + n.skip_padded));
  s.gated = arena_.array<std::uint32_t>(count * n.row_units);
  s.head = arena_.array<std::uint32_t>(2 * count * n.head_units);
  s.logits = arena_.array<float>(count * n.outputs);
  s.recent = arena_.array<std::int32_t>(count * n.input_codes);
  s.draw_room = arena_.array<double>(static_cast<std::size_t>(threads) * kDrawn * kLevels);
  s.inputs = arena_.array<Input>(static_cast<std::size_t>(threads) * n.kernel);
  s.failed = arena_.array<int>(threads);
  row_ = arena_.array<float>(n.residual_padded);
}

bool Batch::can_load(int stream, const std::int64_t* recent) const {
  return has(stream) && std::all_of(recent, recent + streams_.network->input_codes,
                                    [](std::int64_t code) { return code >= -1 && code < kLevels; });
}

void Batch::load(int stream, std::int64_t time, const std::int64_t* recent, const float* rings) {
  const Network& n = *streams_.network;
  streams_.time = time;
  std::copy_n(recent, n.input_codes,
              streams_.recent + static_cast<std::size_t>(stream) * n.input_codes);
  for_each_row(stream, [&](std::int64_t row, std::int64_t here) {
    std::copy_n(rings + row * n.residual, n.residual, row_);
    target_.load_row(&n, row_, streams_.rings + here * n.row_units, streams_.ring_scales + here);
  });
}

void Batch::store(int stream, float* rings) const {
  const Network& n = *streams_.network;
  for_each_row(stream, [&](std::int64_t row, std::int64_t here) {
    target_.store_row(&n, streams_.rings + here * n.row_units, streams_.ring_scales[here], row_);
    std::copy_n(row_, n.residual, rings + row * n.residual);
  });
}

// A saved ring has no row for the newest input, so its rows lie elsewhere than ours.
template <class F>
void Batch::for_each_row(int stream, F work) const {
  const Network& n = *streams_.network;
  std::int64_t offset = 0;
  for (const Layer* layer = n.layer; layer != n.layer + n.layers; ++layer) {
    const std::int64_t size = layer->ring_rows - 1;
    for (std::int64_t time = streams_.time - size; time < streams_.time; ++time) {
      // Times before the start are negative; C++ rounds towards zero.
      const std::int64_t row = (time % size + size) % size;
      const std::int64_t here = (time % (size + 1) + size + 1) % (size + 1);
      work(offset + row, (layer->ring_offset + here) * streams_.streams + stream);
    }
    offset += size;
  }
}

bool Batch::run(const float* conditioning, const Work& work) {
  target_.take_conditioning(&streams_, conditioning);
  std::fill_n(streams_.failed, streams_.threads, 0);
  team_.run([&](int thread) {
    const DenormalsOff off;
    target_.run(&streams_, &work, thread);
  });
  streams_.time += work.steps;
  return std::all_of(streams_.failed, streams_.failed + streams_.threads,
                     [](int failed) { return failed == 0; });
}

} // namespace umtn
