#include "encoder.hpp"

#include "denormals.hpp"
#include "packer.hpp"

namespace umtn {

bool all_finite(const umtn_encoder_shape& shape, const umtn_encoder_weights& weights) {
  const std::size_t c = shape.channels, latent = shape.latent_channels;
  bool good = finite(weights.first_weight, c * shape.first_kernel) &&
              finite(weights.first_bias, c) && finite(weights.latent_weight, latent * c) &&
              finite(weights.latent_bias, latent);
  for (int l = 0; good && l < shape.layers; ++l)
    good = finite(weights.conv_weight[l], c * c * shape.kernel) &&
           finite(weights.conv_bias[l], c) && finite(weights.out_weight[l], c * c) &&
           finite(weights.out_bias[l], c);
  return good;
}

Encoder packed(Arena& arena, const umtn_encoder_shape& shape, const umtn_encoder_weights& weights,
               const Target& target, int precision) {
  const Packer packer(arena, target);
  const int c = shape.channels, lanes = target.lanes;
  Encoder e = {};
  e.layers = shape.layers;
  e.kernel = shape.kernel;
  e.channels = c;
  e.latent_channels = shape.latent_channels;
  e.first_kernel = shape.first_kernel;
  e.stride = shape.stride;
  e.pool = shape.pool;
  e.leading_relu = shape.leading_relu != 0;
  e.precision = precision;
  e.padded = padded(c, lanes);
  e.latent_padded = padded(shape.latent_channels, lanes);
  e.row_units = e.padded / elements(precision);
  e.zeros = arena.array<float>(std::max(e.padded, e.latent_padded));
  e.first = transposed(arena, weights.first_weight, c, shape.first_kernel, lanes);
  e.first_bias = packer.vector(weights.first_bias, c, lanes);
  EncoderLayer* layers = arena.array<EncoderLayer>(shape.layers);
  for (int l = 0; l < shape.layers; ++l) {
    EncoderLayer& layer = layers[l];
    layer.dilation = shape.dilations[l];
    e.reach += std::int64_t{layer.dilation} * (shape.kernel / 2);
    layer.taps = packer.taps(weights.conv_weight[l], c, shape.kernel, precision, &Packer::in_order);
    layer.bias = packer.vector(weights.conv_bias[l], c, lanes);
    const Source out = {weights.out_weight[l], c, 1};
    layer.out = packer.pack({packer.in_order(out, c)}, c, precision)[0];
    layer.out_bias = packer.vector(weights.out_bias[l], c, lanes);
  }
  e.layer = layers;
  const Source latent = {weights.latent_weight, c, 1};
  e.latent = packer.pack({packer.in_order(latent, shape.latent_channels)}, c, UMTN_FP32)[0];
  e.latent_bias = packer.vector(weights.latent_bias, shape.latent_channels, lanes);
  return e;
}

void encode(const Encoder& encoder, const Target& target, const float* audio, std::int64_t samples,
            std::int64_t first, std::int64_t frames, float* latents) {
  std::int64_t furthest = 0;
  for (int l = 0; l < encoder.layers; ++l)
    furthest = std::max<std::int64_t>(furthest, encoder.layer[l].dilation);
  const std::int64_t margin = encoder.reach + furthest * (encoder.kernel / 2);
  const std::int64_t rows = frames * encoder.pool + 2 * margin;

  Arena arena;
  EncoderRun run = {};
  run.audio = audio;
  run.samples = samples;
  run.first = first;
  run.frames = frames;
  run.begin = first * encoder.pool - margin;
  run.rows = rows;
  run.hidden = arena.array<float>(static_cast<std::size_t>(rows) * encoder.padded);
  for (int turn = 0; turn < 2; ++turn) {
    run.heard[turn] =
        arena.array<std::uint32_t>(static_cast<std::size_t>(rows) * encoder.row_units);
    run.heard_scales[turn] = arena.array<float>(rows);
  }
  run.sums = arena.array<float>(std::size_t{kEncoderBlock} * encoder.padded);
  run.rectified_scales = arena.array<float>(kEncoderBlock);
  run.rectified = arena.array<std::uint32_t>(std::size_t{kEncoderBlock} * encoder.row_units);
  run.pooled = arena.array<float>(static_cast<std::size_t>(frames) * encoder.padded);
  run.latents = arena.array<float>(static_cast<std::size_t>(frames) * encoder.latent_padded);
  run.inputs = arena.array<Input>(encoder.kernel);
  const DenormalsOff off;
  target.encode(&encoder, &run);
  for (std::int64_t frame = 0; frame < frames; ++frame)
    std::copy_n(run.latents + frame * encoder.latent_padded, encoder.latent_channels,
                latents + frame * encoder.latent_channels);
}

} // namespace umtn
