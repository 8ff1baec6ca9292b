// Runs the encoder over random legal shapes, to be built with sanitizers. Checks that every target
// gives what the slow encoder below does, and whatever is asked for together, the same bits.
//
// Usage: stress_encoder SEED ROUNDS
#include "umtn_decode.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace {

using Vector = std::vector<float>;
using Rows = std::vector<std::vector<double>>;

struct Network {
  int layers, kernel, channels, latent, first_kernel, stride, pool;
  bool leading_relu;
  std::vector<std::int32_t> dilations;
  Vector first, first_bias, latent_weight, latent_bias;
  std::vector<Vector> conv, conv_bias, out, out_bias;
};

class Random {
public:
  explicit Random(unsigned seed) : engine_(seed) {}
  int whole(int low, int high) { return std::uniform_int_distribution<int>(low, high)(engine_); }
  Vector normal(std::size_t count, double spread) {
    std::normal_distribution<float> distribution(0, static_cast<float>(spread));
    Vector values(count);
    for (float& value : values)
      value = distribution(engine_);
    return values;
  }
  Network network() {
    Network n = {};
    n.layers = whole(1, 6);
    n.kernel = 2 * whole(0, 2) + 1;
    n.channels = whole(1, 150);
    n.latent = whole(1, 70);
    n.stride = whole(1, 5);
    n.first_kernel = n.stride + 2 * whole(0, 6);
    n.pool = whole(1, 60);
    n.leading_relu = whole(0, 1) == 1;
    const std::size_t c = n.channels;
    n.first = normal(c * n.first_kernel, 1);
    n.first_bias = normal(c, 0.3);
    for (int l = 0; l < n.layers; ++l) {
      n.dilations.push_back(whole(1, 70));
      n.conv.push_back(normal(c * c * n.kernel, 1 / std::sqrt(n.kernel * n.channels)));
      n.conv_bias.push_back(normal(c, 0.3));
      n.out.push_back(normal(c * c, 1 / std::sqrt(n.channels)));
      n.out_bias.push_back(normal(c, 0.3));
    }
    n.latent_weight = normal(c * n.latent, 1 / std::sqrt(n.channels));
    n.latent_bias = normal(n.latent, 0.3);
    return n;
  }

private:
  std::mt19937 engine_;
};

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

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}

void expect(int status, const char* what) {
  if (status != UMTN_OK)
    fail(std::string(what) + " returned " + std::to_string(status));
}

std::vector<const float*> pointers(const std::vector<Vector>& vectors) {
  std::vector<const float*> all;
  for (const Vector& vector : vectors)
    all.push_back(vector.data());
  return all;
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
  const Network n = random.network();
  const int frames = random.whole(1, 9);
  const Vector audio = random.normal(static_cast<std::size_t>(frames) * n.pool * n.stride, 0.5);
  const auto expected = slow_latents(n, audio);
  double greatest = 0;
  for (double value : expected)
    greatest = std::max(greatest, std::abs(value));
  const int middle = random.whole(0, frames);
  const double tolerances[] = {1e-5, 0.03};
  for (int t = 0; umtn_target_name(t); ++t)
    for (int precision = UMTN_FP32; precision <= UMTN_BF16; ++precision) {
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
  if (count != 3)
    fail("usage: stress_encoder SEED ROUNDS");
  const auto seed = static_cast<unsigned>(std::atoi(arguments[1]));
  for (int round = 0; round < std::atoi(arguments[2]); ++round)
    stress(seed + static_cast<unsigned>(round));
  std::puts("all equal");
  return 0;
}
