#include "batch.hpp"

#include <algorithm>

#include "denormals.hpp"

namespace umtn {
namespace {

// Up to here, memory and not arithmetic is what limits a step.
constexpr int kFewStreams = 4;

} // namespace

Batch::Batch(const Network& network, const Target& target, int streams, int threads,
             double temperature, double top_p)
    : target_(target), team_(threads) {
  Streams& s = streams_;
  const Network& n = network;
  const std::size_t count = streams;
  s.network = &network;
  s.team = &team_;
  s.streams = streams;
  s.threads = threads;
  s.ahead = streams <= kFewStreams ? kAhead : 1;
  s.temperature = temperature;
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
  s.head = arena_.array<float>(2 * count * n.skip_padded);
  s.logits = arena_.array<float>(count * kLevels);
  s.recent = arena_.array<std::int32_t>(count * n.input_kernel);
  s.weights = arena_.array<double>(static_cast<std::size_t>(threads) * kDrawn * kLevels);
  s.failed = arena_.array<int>(threads);
  row_ = arena_.array<float>(n.residual_padded);
}

void Batch::load(int stream, std::int64_t time, const std::int64_t* recent, const float* rings) {
  const Network& n = *streams_.network;
  streams_.time = time;
  std::copy_n(recent, n.input_kernel,
              streams_.recent + static_cast<std::size_t>(stream) * n.input_kernel);
  for (std::int64_t row = 0; row < n.ring_rows; ++row) {
    std::copy_n(rings + row * n.residual, n.residual, row_);
    const std::int64_t to = row * streams_.streams + stream;
    target_.load_row(&n, row_, streams_.rings + to * n.row_units, streams_.ring_scales + to);
  }
}

void Batch::store(int stream, float* rings) const {
  const Network& n = *streams_.network;
  for (std::int64_t row = 0; row < n.ring_rows; ++row) {
    const std::int64_t from = row * streams_.streams + stream;
    target_.store_row(&n, streams_.rings + from * n.row_units, streams_.ring_scales[from], row_);
    std::copy_n(row_, n.residual, rings + row * n.residual);
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
