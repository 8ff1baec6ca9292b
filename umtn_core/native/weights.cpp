#include "weights.hpp"

#include "packer.hpp"

namespace umtn {

bool all_finite(const umtn_shape& shape, const umtn_weights& weights) {
  const std::size_t r = shape.residual_channels, s = shape.skip_channels;
  const std::size_t outputs = std::size_t{kLevels} * shape.bands;
  bool good = finite(weights.first_weight, r * (shape.embedding ? outputs : shape.input_kernel)) &&
              (shape.embedding || finite(weights.first_bias, r)) &&
              finite(weights.first_skip_weight, s * r) && finite(weights.first_skip_bias, s) &&
              finite(weights.fc_weight, s * s) && finite(weights.fc_bias, s) &&
              finite(weights.logits_weight, outputs * s) && finite(weights.logits_bias, outputs);
  for (int l = 0; good && l < shape.layers; ++l) {
    good = finite(weights.causal_weight[l], 2 * r * r * shape.kernel) &&
           finite(weights.skip_weight[l], s * r) && finite(weights.skip_bias[l], s);
    if (good && l + 1 < shape.layers)
      good = finite(weights.residual_weight[l], r * r) && finite(weights.residual_bias[l], r);
  }
  return good;
}

namespace {

// The first layer's weights, and behind them their product with those that lead to the skips: both
// are linear.
void pack_first(Arena& arena, Network& n, const umtn_weights& weights) {
  const int r = n.residual, s = n.skip, width = n.residual_padded + n.skip_padded;
  const int rows = n.embedding ? n.outputs : n.input_kernel;
  const auto with_skips = [&](float* row) {
    for (int o = 0; o < s; ++o) {
      double sum = 0;
      for (int i = 0; i < r; ++i)
        sum += static_cast<double>(weights.first_skip_weight[o * r + i]) * row[i];
      row[n.residual_padded + o] = static_cast<float>(sum);
    }
  };
  float* table = arena.array<float>(static_cast<std::size_t>(rows) * width);
  for (int row = 0; row < rows; ++row) {
    float* values = table + static_cast<std::ptrdiff_t>(row) * width;
    for (int c = 0; c < r; ++c)
      values[c] = weights.first_weight[n.embedding ? std::ptrdiff_t{row} * r + c
                                                   : std::ptrdiff_t{c} * rows + row];
    with_skips(values);
  }
  n.first = table;

  float* bias = arena.array<float>(width);
  if (!n.embedding)
    std::copy_n(weights.first_bias, r, bias);
  with_skips(bias);
  for (int o = 0; o < s; ++o)
    bias[n.residual_padded + o] += weights.first_skip_bias[o];
  n.first_bias = bias;
}

} // namespace

Network packed(Arena& arena, const umtn_shape& shape, const umtn_weights& weights,
               const Target& target, int precision) {
  const Packer packer(arena, target);
  const int r = shape.residual_channels, s = shape.skip_channels, lanes = target.lanes;
  Network n = {};
  n.layers = shape.layers;
  n.kernel = shape.kernel;
  n.residual = r;
  n.skip = s;
  n.input_kernel = shape.input_kernel;
  n.embedding = shape.embedding != 0;
  n.bands = shape.bands;
  n.input_codes = n.input_kernel * n.bands;
  n.outputs = kLevels * n.bands;
  n.precision = precision;
  n.lanes = lanes;
  n.panel = target.panel;
  n.residual_padded = padded(r, lanes);
  n.skip_padded = padded(s, lanes);
  n.row_units = n.residual_padded / elements(precision);
  n.zeros = arena.array<float>(
      std::max({2 * n.residual_padded, n.residual_padded + n.skip_padded, n.outputs}));

  pack_first(arena, n, weights);

  // In the order in which a step needs them, so that memory is read from end to end.
  Layer* layers = arena.array<Layer>(shape.layers);
  for (int l = 0; l < shape.layers; ++l) {
    Layer& layer = layers[l];
    layer.dilation = shape.dilations[l];
    layer.ring_rows = (shape.kernel - 1) * layer.dilation + 1;
    layer.ring_offset = n.ring_rows;
    n.ring_rows += layer.ring_rows;
    layer.taps = packer.taps(weights.causal_weight[l], r, shape.kernel, precision,
                             &Packer::gates_with_filters);
    const bool last = l + 1 == shape.layers;
    const Source residual = {last ? nullptr : weights.residual_weight[l], r, 1};
    const Source skip = {weights.skip_weight[l], r, 1};
    auto rows = last ? std::vector<Row>() : packer.in_order(residual, r);
    const auto skips = packer.in_order(skip, s);
    rows.insert(rows.end(), skips.begin(), skips.end());
    layer.out = packer.pack({rows}, r, precision)[0];
    float* bias = arena.array<float>(rows.size());
    if (!last)
      std::copy_n(weights.residual_bias[l], r, bias);
    std::copy_n(weights.skip_bias[l], s, bias + (last ? 0 : n.residual_padded));
    layer.out_bias = bias;
  }
  n.layer = layers;

  // The end of the network is small, and errors there are heard most: never int8.
  const int head = precision == UMTN_FP32 ? UMTN_FP32 : UMTN_BF16;
  n.head_units = n.skip_padded / elements(head);
  const auto pack_end = [&](const float* values, int outputs) {
    const Source source = {values, s, 1};
    return packer.pack({packer.in_order(source, outputs)}, s, head)[0];
  };
  n.fc = pack_end(weights.fc_weight, s);
  n.logits = pack_end(weights.logits_weight, n.outputs);
  n.fc_bias = packer.vector(weights.fc_bias, s, lanes);
  n.logits_bias = packer.vector(weights.logits_bias, n.outputs, lanes);
  return n;
}

} // namespace umtn
