// Puts matrices into panels for a target and a precision; see `Matrix`.
#pragma once

#include "memory.hpp"
#include "model.hpp"
#include "umtn_decode.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace umtn {

inline int padded(int channels, int lanes) {
  return (channels + lanes - 1) / lanes * lanes;
}

// Inputs that share a 32-bit unit.
inline int elements(int precision) {
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

inline std::uint32_t bits_of(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

inline std::uint32_t bfloat16(float value) {
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

  // The taps of a convolution (outputs, channels, kernel), the earliest first, their outputs in the
  // order of gates_with_filters or of in_order.
  const Matrix* taps(const float* weights, int channels, int kernel, int precision,
                     std::vector<Row> (Packer::*order)(const Source&, int) const) const {
    std::vector<Source> sources;
    for (int tap = 0; tap < kernel; ++tap)
      sources.push_back({weights + tap, static_cast<std::ptrdiff_t>(channels) * kernel, kernel});
    std::vector<std::vector<Row>> parts;
    for (const Source& source : sources)
      parts.push_back((this->*order)(source, channels));
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

inline bool finite(const float* values, std::size_t count) {
  return std::all_of(values, values + count, [](float value) { return std::isfinite(value); });
}

// (outputs, inputs) to (inputs, padded outputs).
inline const float* transposed(Arena& arena, const float* values, int outputs, int inputs,
                               int lanes) {
  const int width = padded(outputs, lanes);
  float* out = arena.array<float>(static_cast<std::size_t>(width) * inputs);
  for (int o = 0; o < outputs; ++o)
    for (int i = 0; i < inputs; ++i)
      out[i * width + o] = values[o * inputs + i];
  return out;
}

} // namespace umtn
