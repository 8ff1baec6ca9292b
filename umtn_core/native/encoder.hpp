// The shared encoder: its repacked weights, and one run of it.
//
// Plain structs, as in model.hpp and for its reason.
#pragma once

#include "memory.hpp"
#include "model.hpp"
#include "umtn_decode.h"

namespace umtn {

struct EncoderLayer {
  int dilation;
  const Matrix* taps; // the earliest first, sharing panels
  const float* bias;
  Matrix out;
  const float* out_bias;
};

struct Encoder {
  int layers, kernel, channels, latent_channels;
  int first_kernel, stride;
  int pool; // rows that are averaged into one frame; a row is `stride` samples
  bool leading_relu;
  int precision;
  int padded, latent_padded; // channels, to whole vectors
  int row_units;             // 32-bit units of one row of activations in this precision
  std::int64_t reach;        // rows that a layer's sums hear on each side, over all layers
  const EncoderLayer* layer;
  const float *first, *first_bias; // (first_kernel, padded)
  Matrix latent;                   // always float32
  const float* latent_bias;
  const float* zeros; // as many as any matrix has rows
};

// Some frames of some audio. Rows of the buffers are the network's from `begin` on, which may lie
// before the audio: what is outside it is zero in every layer.
struct EncoderRun {
  const float* audio;
  std::int64_t samples;
  std::int64_t first, frames;
  std::int64_t begin, rows;
  float* hidden;            // (rows, padded)
  std::uint32_t* heard[2];  // (rows, row_units): what a layer hears, and the next one
  float* heard_scales[2];   // int8: (rows)
  float* sums;              // (kEncoderBlock, padded)
  std::uint32_t* rectified; // (kEncoderBlock, row_units)
  float* rectified_scales;  // int8: (kEncoderBlock)
  float* pooled;            // (frames, padded)
  float* latents;           // (frames, latent_padded)
  Input* inputs;            // (kernel)
};

// Rows of a layer that are brought to their end together: as many as stay near with the weights.
constexpr int kEncoderBlock = 96;

// Whether all weights are finite.
bool all_finite(const umtn_encoder_shape& shape, const umtn_encoder_weights& weights);

// The arena owns all that the encoder points to. Throws std::bad_alloc.
Encoder packed(Arena& arena, const umtn_encoder_shape& shape, const umtn_encoder_weights& weights,
               const Target& target, int precision);

// Encodes some frames of audio: latents (frames, latent_channels). Throws std::bad_alloc.
void encode(const Encoder& encoder, const Target& target, const float* audio, std::int64_t samples,
            std::int64_t first, std::int64_t frames, float* latents);

} // namespace umtn
