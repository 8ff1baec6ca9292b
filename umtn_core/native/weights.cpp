#include "weights.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace umtn {
namespace {

int padded(int channels, int lanes) {
  return (channels + lanes - 1) / lanes * lanes;
}

// Inputs that share a 32-bit unit.
int elements(int precision) {
  return precision == UMTN_FP32 ? 1 : precision == UMTN_BF16 ? 2 : 4;
}

// A matrix as PyTorch keeps it: where output o, input i lies.
struct Source {
  const float* weights;
  std::ptrdiff_t output_stride, input_stride;

  float at(int output, int input) const {
    return weights[output * output_stride + input * input_stride];
  }
};

// A row of a packed matrix: which output of which source; none for padding.
struct Row {
  const Source* source;
  int output;
};

std::uint32_t bits_of(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

std::uint32_t bfloat16(float value) {
  const std::uint32_t bits = bits_of(value);
  return (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
}

class Packer {
public:
  Packer(Arena& arena, const Target& target) : arena_(arena), target_(target) {}

  // Matrices with the same inputs and numbers of rows, which share panels.
  const Matrix* pack(const std::vector<std::vector<Row>>& parts, int inputs, int precision) const {
    const int count = static_cast<int>(parts.size()), outputs = static_cast<int>(parts[0].size());
    const int vectors = outputs / target_.lanes, group = elements(precision);
    const int groups = (inputs + group - 1) / group;
    auto* data = arena_.array<std::uint32_t>(static_cast<std::size_t>(outputs) * groups * count);
    auto* matrices = arena_.array<Matrix>(count);
    std::vector<float*> scales(count);
    std::vector<std::int32_t*> offsets(count);
    for (int part = 0; part < count; ++part) {
      if (precision == UMTN_INT8) {
        scales[part] = arena_.array<float>(outputs);
        offsets[part] = arena_.array<std::int32_t>(outputs);
        for (int r = 0; r < outputs; ++r)
          scales[part][r] = scale_of(parts[part][r], inputs);
      }
      matrices[part] = {data,           vectors,      groups,       part * groups,
                        count * groups, scales[part], offsets[part]};
    }
    std::uint32_t* unit = data;
    for (int first = 0; first < vectors; first += target_.panel) {
      const int end = std::min(first + target_.panel, vectors) * target_.lanes;
      for (int part = 0; part < count; ++part)
        for (int g = 0; g < groups; ++g)
          for (int r = first * target_.lanes; r < end; ++r, ++unit)
            for (int e = 0; e < group; ++e) {
              const Row& row = parts[part][r];
              const int input = g * group + e;
              if (!row.source || input >= inputs)
                continue;
              const float weight = row.source->at(row.output, input);
              if (precision == UMTN_FP32) {
                *unit = bits_of(weight);
              } else if (precision == UMTN_BF16) {
                *unit |= bfloat16(weight) << (16 * e);
              } else {
                const auto whole = static_cast<std::int32_t>(std::lrint(weight / scales[part][r]));
                *unit |= (static_cast<std::uint32_t>(whole) & 0xffu) << (8 * e);
                offsets[part][r] -= 128 * whole;
              }
            }
    }
    return matrices;
  }

  // The taps of a causal convolution (2 channels, channels, kernel), the oldest first.
  const Matrix* taps(const float* weights, int channels, int kernel, int precision) const {
    std::vector<Source> sources;
    for (int tap = 0; tap < kernel; ++tap)
      sources.push_back({weights + tap, static_cast<std::ptrdiff_t>(channels) * kernel, kernel});
    std::vector<std::vector<Row>> parts;
    for (const Source& source : sources)
      parts.push_back(gates_with_filters(source, channels));
    return pack(parts, channels, precision);
  }

  // Channels in order, padded to whole vectors.
  std::vector<Row> in_order(const Source& source, int outputs) const {
    std::vector<Row> rows(padded(outputs, target_.lanes), Row{nullptr, 0});
    for (int o = 0; o < outputs; ++o)
      rows[o] = {&source, o};
    return rows;
  }

  // In each panel the vectors of some gates, then those of their filters.
  std::vector<Row> gates_with_filters(const Source& source, int channels) const {
    const int lanes = target_.lanes, vectors = padded(channels, lanes) / lanes;
    std::vector<Row> rows;
    for (int first = 0; first < vectors; first += target_.panel / 2)
      for (int filter = 0; filter < 2; ++filter)
        for (int c = first * lanes; c < std::min(first + target_.panel / 2, vectors) * lanes; ++c)
          rows.push_back(c < channels ? Row{&source, filter * channels + c} : Row{nullptr, 0});
    return rows;
  }

  const float* vector(const float* values, int count, int lanes) const {
    float* out = arena_.array<float>(padded(count, lanes));
    if (values)
      std::copy(values, values + count, out);
    return out;
  }

private:
  static float scale_of(const Row& row, int inputs) {
    float most = 0;
    for (int i = 0; row.source && i < inputs; ++i)
      most = std::max(most, std::abs(row.source->at(row.output, i)));
    return most > 1e-30f ? most / 127.0f : 1.0f;
  }

  Arena& arena_;
  const Target& target_;
};

bool finite(const float* values, std::size_t count) {
  return std::all_of(values, values + count, [](float value) { return std::isfinite(value); });
}

// (outputs, inputs) to (inputs, padded outputs).
const float* transposed(Arena& arena, const float* values, int outputs, int inputs, int lanes) {
  const int width = padded(outputs, lanes);
  float* out = arena.array<float>(static_cast<std::size_t>(width) * inputs);
  for (int o = 0; o < outputs; ++o)
    for (int i = 0; i < inputs; ++i)
      out[i * width + o] = values[o * inputs + i];
  return out;
}

} // namespace

bool all_finite(const umtn_shape& shape, const umtn_weights& weights) {
  const std::size_t r = shape.residual_channels, s = shape.skip_channels;
  bool good = finite(weights.first_weight, r * (shape.embedding ? kLevels : shape.input_kernel)) &&
              (shape.embedding || finite(weights.first_bias, r)) &&
              finite(weights.first_skip_weight, s * r) && finite(weights.first_skip_bias, s) &&
              finite(weights.fc_weight, s * s) && finite(weights.fc_bias, s) &&
              finite(weights.logits_weight, kLevels * s) && finite(weights.logits_bias, kLevels);
  for (int l = 0; good && l < shape.layers; ++l) {
    good = finite(weights.causal_weight[l], 2 * r * r * shape.kernel) &&
           finite(weights.skip_weight[l], s * r) && finite(weights.skip_bias[l], s);
    if (good && l + 1 < shape.layers)
      good = finite(weights.residual_weight[l], r * r) && finite(weights.residual_bias[l], r);
  }
  return good;
}

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
  n.precision = precision;
  n.lanes = lanes;
  n.panel = target.panel;
  n.residual_padded = padded(r, lanes);
  n.skip_padded = padded(s, lanes);
  n.row_units = n.residual_padded / elements(precision);
  n.zeros = arena.array<float>(
      std::max({2 * n.residual_padded, n.residual_padded + n.skip_padded, kLevels}));

  if (n.embedding) {
    float* table = arena.array<float>(static_cast<std::size_t>(kLevels) * n.residual_padded);
    for (int code = 0; code < kLevels; ++code)
      std::copy_n(weights.first_weight + static_cast<std::size_t>(code) * r, r,
                  table + static_cast<std::size_t>(code) * n.residual_padded);
    n.first = table;
  } else {
    n.first = transposed(arena, weights.first_weight, r, shape.input_kernel, lanes);
  }
  n.first_bias = packer.vector(n.embedding ? nullptr : weights.first_bias, r, lanes);

  // In the order in which a step needs them, so that memory is read from end to end.
  Layer* layers = arena.array<Layer>(shape.layers);
  for (int l = 0; l < shape.layers; ++l) {
    Layer& layer = layers[l];
    layer.dilation = shape.dilations[l];
    layer.ring_rows = (shape.kernel - 1) * layer.dilation + 1;
    layer.ring_offset = n.ring_rows;
    n.ring_rows += layer.ring_rows;
    layer.taps = packer.taps(weights.causal_weight[l], r, shape.kernel, precision);
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

  // The ends of the network are small, and errors there are heard most: always float32.
  const auto pack_end = [&](const float* values, int outputs, int inputs) {
    const Source source = {values, inputs, 1};
    return packer.pack({packer.in_order(source, outputs)}, inputs, UMTN_FP32)[0];
  };
  n.first_skip = pack_end(weights.first_skip_weight, s, r);
  n.fc = pack_end(weights.fc_weight, s, s);
  n.logits = pack_end(weights.logits_weight, kLevels, s);
  n.first_skip_bias = packer.vector(weights.first_skip_bias, s, lanes);
  n.fc_bias = packer.vector(weights.fc_bias, s, lanes);
  n.logits_bias = packer.vector(weights.logits_bias, kLevels, lanes);
  return n;
}

} // namespace umtn
