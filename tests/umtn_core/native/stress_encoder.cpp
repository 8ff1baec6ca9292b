// Runs the encoder over random legal shapes, to be built with sanitizers. Checks that every target
// gives what the slow encoder below does, and whatever is asked for together, the same bits.
//
// Usage: stress_encoder SEED ROUNDS
#include "stress.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

namespace {

using Rows = std::vector<std::vector<double>>;

struct Network {
  int layers, kernel, channels, latent, first_kernel, stride, pool;
  bool leading_relu;
  std::vector<std::int32_t> dilations;
  Vector first, first_bias, latent_weight, latent_bias;
  std::vector<Vector> conv, conv_bias, out, out_bias;
};

Network drawn(Random& random) {
  Network n = {};
  n.layers = random.whole(1, 6);
  n.kernel = 2 * random.whole(0, 2) + 1;
  n.channels = random.whole(1, 150);
  n.latent = random.whole(1, 70);
  n.stride = random.whole(1, 5);
  n.first_kernel = n.stride + 2 * random.whole(0, 6);
  n.pool = random.whole(1, 60);
  n.leading_relu = random.whole(0, 1) == 1;
  const std::size_t c = n.channels;
  n.first = random.normal(c * n.first_kernel, 1);
  n.first_bias = random.normal(c, 0.3);
  for (int l = 0; l < n.layers; ++l) {
    n.dilations.push_back(random.whole(1, 70));
    n.conv.push_back(random.normal(c * c * n.kernel, 1 / std::sqrt(n.kernel * n.channels)));
    n.conv_bias.push_back(random.normal(c, 0.3));
    n.out.push_back(random.normal(c * c, 1 / std::sqrt(n.channels)));
    n.out_bias.push_back(random.normal(c, 0.3));
  }
  n.latent_weight = random.normal(c * n.latent, 1 / std::sqrt(n.channels));
  n.latent_bias = random.normal(n.latent, 0.3);
  return n;
}
double rectified(double value) {
  return value > 0 ? value : 0;
}

// Latents (frames, latent), in double precision, a sum at a time.
std::vector<double> slow_latents(const Network& n, const Vector& audio) {
  const int samples = static_cast<int>(audio.size()), rows = samples / n.stride;
  Rows hidden(rows, std::vector<double>(n.channels));
  for (int t = 0; t < rows; ++t)
    for (int c = 0; c < n.channels; ++c) {
      hidden[t][c] = n.first_bias[c];
      for (int tap = 0; tap < n.first_kernel; ++tap) {
        const int from = t * n.stride + tap - (n.first_kernel - n.stride) / 2;
        if (from >= 0 && from < samples)
          hidden[t][c] += n.first[c * n.first_kernel + tap] * audio[from];
      }
    }
  for (int l = 0; l < n.layers; ++l) {
    Rows heard = hidden;
    if (n.leading_relu)
      for (auto& row : heard)
        std::transform(row.begin(), row.end(), row.begin(), rectified);
    for (int t = 0; t < rows; ++t) {
      std::vector<double> middle(n.conv_bias[l].begin(), n.conv_bias[l].end());
      for (int tap = 0; tap < n.kernel; ++tap) {
        const int from = t + (tap - n.kernel / 2) * n.dilations[l];
        if (from < 0 || from >= rows)
          continue;
        for (int o = 0; o < n.channels; ++o)
          for (int i = 0; i < n.channels; ++i)
            middle[o] +=
                n.conv[l][(static_cast<std::size_t>(o) * n.channels + i) * n.kernel + tap] *
                heard[from][i];
      }
      for (int o = 0; o < n.channels; ++o) {
        hidden[t][o] += n.out_bias[l][o];
        for (int i = 0; i < n.channels; ++i)
          hidden[t][o] +=
              n.out[l][static_cast<std::size_t>(o) * n.channels + i] * rectified(middle[i]);
      }
    }
  }
  std::vector<double> latents;
  for (int frame = 0; frame < rows / n.pool; ++frame)
    for (int o = 0; o < n.latent; ++o) {
      double sum = 0;
      for (int t = frame * n.pool; t < (frame + 1) * n.pool; ++t)
        for (int i = 0; i < n.channels; ++i)
          sum += n.latent_weight[static_cast<std::size_t>(o) * n.channels + i] * hidden[t][i];
      latents.push_back(sum / n.pool + n.latent_bias[o]);
    }
  return latents;
}

umtn_encoder* opened(const Network& n, const char* target, int precision) {
  const auto conv = pointers(n.conv), conv_bias = pointers(n.conv_bias);
  const auto out = pointers(n.out), out_bias = pointers(n.out_bias);
  const umtn_encoder_shape shape = {n.layers, n.kernel,       n.channels,
                                    n.latent, n.first_kernel, n.stride,
                                    n.pool,   n.leading_relu, n.dilations.data()};
  const umtn_encoder_weights weights = {
      n.first.data(),  n.first_bias.data(),    conv.data(),         conv_bias.data(), out.data(),
      out_bias.data(), n.latent_weight.data(), n.latent_bias.data()};
  umtn_encoder* encoder = nullptr;
  expect(umtn_encoder_open(&shape, &weights, target, precision, &encoder), "umtn_encoder_open");
  return encoder;
}

void stress(unsigned seed) {
  Random random(seed);
  const Network n = drawn(random);
  const int frames = random.whole(1, 9);
  const Vector audio = random.normal(static_cast<std::size_t>(frames) * n.pool * n.stride, 0.5);
  const auto expected = slow_latents(n, audio);
  double greatest = 0;
  for (double value : expected)
    greatest = std::max(greatest, std::abs(value));
  const int middle = random.whole(0, frames);
  const double tolerances[] = {1e-5, 0.03, 0.1};
  for (int t = 0; umtn_target_name(t); ++t)
    for (int precision = UMTN_FP32; precision <= UMTN_INT8; ++precision) {
      const std::string where = "seed " + std::to_string(seed) + ", " + umtn_target_name(t) +
                                ", precision " + std::to_string(precision);
      umtn_encoder* encoder = opened(n, umtn_target_name(t), precision);
      const auto run = [&](int first, int count, float* latents) {
        if (count)
          expect(umtn_encoder_run(encoder, audio.data(), static_cast<std::int64_t>(audio.size()),
                                  first, count, latents),
                 "umtn_encoder_run");
      };
      Vector whole(expected.size()), parts(expected.size());
      run(0, frames, whole.data());
      run(0, middle, parts.data());
      run(middle, frames - middle, parts.data() + static_cast<std::size_t>(middle) * n.latent);
      double error = 0;
      for (std::size_t i = 0; i < expected.size(); ++i)
        error = std::max(error, std::abs(expected[i] - whole[i]));
      if (!(error <= tolerances[precision] * greatest))
        fail(where + ": off by " + std::to_string(error / greatest));
      if (parts != whole)
        fail(where + ": other numbers in two parts");
      umtn_encoder_close(encoder);
    }
}

} // namespace

int main(int count, char** arguments) {
  return run_stress(count, arguments, stress);
}
