// Runs the library over random legal shapes, to be built with sanitizers. Checks that every target,
// number of threads and size of batch gives what the slow decoder below does.
//
// Usage: stress SEED ROUNDS
#include "stress.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <new>
#include <vector>

namespace {
std::atomic<long> allocations{0};
}

// The library's too: what it asks for while it makes samples is counted.
void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size))
    return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace {

struct Network {
  int layers, kernel, r, s, input_kernel, bands;
  bool embedding;
  std::vector<std::int32_t> dilations;
  Vector first, first_bias, first_skip, first_skip_bias, fc, fc_bias, logits, logits_bias;
  std::vector<Vector> causal, residual, residual_bias, skip, skip_bias;

  int ring_rows() const {
    int rows = 0;
    for (int dilation : dilations)
      rows += (kernel - 1) * dilation;
    return rows;
  }
  int width() const { return layers * 2 * r + s; }
  int input_codes() const { return input_kernel * bands; }
  std::size_t outputs() const { return static_cast<std::size_t>(256) * bands; }
};

Network drawn(Random& random) {
  Network n = {};
  n.layers = random.whole(1, 6);
  n.kernel = random.whole(2, 4);
  n.r = random.whole(1, 70);
  n.s = random.whole(1, 70);
  n.embedding = random.whole(0, 1) == 1;
  n.input_kernel = n.embedding ? random.whole(1, 2) : n.kernel;
  n.bands = n.embedding ? 1 << random.whole(0, 3) : 1;
  const double scale = 1 / std::sqrt(n.r);
  n.first = random.normal(n.r * (n.embedding ? n.outputs() : n.input_kernel), 1);
  n.first_bias = random.normal(n.r, 0.3);
  n.first_skip = random.normal(static_cast<std::size_t>(n.s) * n.r, scale);
  n.first_skip_bias = random.normal(n.s, 0.3);
  for (int l = 0; l < n.layers; ++l) {
    n.dilations.push_back(random.whole(1, 20));
    n.causal.push_back(random.normal(static_cast<std::size_t>(2) * n.r * n.r * n.kernel, scale));
    n.residual.push_back(random.normal(static_cast<std::size_t>(n.r) * n.r, scale));
    n.residual_bias.push_back(random.normal(n.r, 0.3));
    n.skip.push_back(random.normal(static_cast<std::size_t>(n.s) * n.r, scale));
    n.skip_bias.push_back(random.normal(n.s, 0.3));
  }
  n.fc = random.normal(static_cast<std::size_t>(n.s) * n.s, 1 / std::sqrt(n.s));
  n.fc_bias = random.normal(n.s, 0.3);
  n.logits = random.normal(n.outputs() * n.s, 1 / std::sqrt(n.s));
  n.logits_bias = random.normal(n.outputs(), 0.3);
  return n;
}
void add_product(const Vector& weights, std::size_t inputs, const std::vector<double>& x,
                 std::vector<double>& sums) {
  for (std::size_t o = 0; o < sums.size(); ++o)
    for (std::size_t i = 0; i < inputs; ++i)
      sums[o] += weights[o * inputs + i] * x[i];
}

// Logits of given codes, in double precision and all past inputs kept.
std::vector<double> slow_logits(const Network& n, const float* conditioning,
                                const std::vector<std::uint8_t>& codes, std::size_t first_code,
                                int steps) {
  std::vector<std::vector<std::vector<double>>> past(n.layers);
  std::vector<double> all;
  for (int t = 0; t < steps; ++t) {
    std::vector<double> x(n.first_bias.begin(), n.first_bias.end());
    if (n.embedding)
      x.assign(n.r, 0.0);
    for (int j = 0; j < n.input_codes(); ++j) {
      const int from = t * n.bands - n.input_codes() + j;
      if (from < 0)
        continue;
      const int code = codes[first_code + from];
      const std::size_t row = j % n.bands * 256 + code;
      for (int c = 0; c < n.r; ++c)
        x[c] += n.embedding ? n.first[row * n.r + c]
                            : n.first[c * n.input_kernel + j] * (code / 255.0 - 0.5);
    }
    std::vector<double> skip(n.first_skip_bias.begin(), n.first_skip_bias.end());
    add_product(n.first_skip, n.r, x, skip);
    for (int l = 0; l < n.layers; ++l) {
      past[l].push_back(x);
      std::vector<double> hidden(conditioning + l * 2 * n.r, conditioning + (l + 1) * 2 * n.r);
      for (int tap = 0; tap < n.kernel; ++tap) {
        const int from = t - (n.kernel - 1 - tap) * n.dilations[l];
        if (from < 0)
          continue;
        for (int o = 0; o < 2 * n.r; ++o)
          for (int i = 0; i < n.r; ++i)
            hidden[o] += n.causal[l][(static_cast<std::size_t>(o) * n.r + i) * n.kernel + tap] *
                         past[l][from][i];
      }
      std::vector<double> gated(n.r);
      for (int c = 0; c < n.r; ++c)
        gated[c] = std::tanh(hidden[n.r + c]) / (1 + std::exp(-hidden[c]));
      for (int c = 0; c < n.s; ++c)
        skip[c] += n.skip_bias[l][c];
      add_product(n.skip[l], n.r, gated, skip);
      for (int c = 0; c < n.r; ++c)
        x[c] += n.residual_bias[l][c];
      add_product(n.residual[l], n.r, gated, x);
    }
    std::vector<double> head(n.fc_bias.begin(), n.fc_bias.end());
    for (int c = 0; c < n.s; ++c) {
      skip[c] = skip[c] > 0 ? skip[c] : 0;
      head[c] += conditioning[n.layers * 2 * n.r + c];
    }
    add_product(n.fc, n.s, skip, head);
    for (double& value : head)
      value = value > 0 ? value : 0;
    std::vector<double> logits(n.logits_bias.begin(), n.logits_bias.end());
    add_product(n.logits, n.s, head, logits);
    all.insert(all.end(), logits.begin(), logits.end());
  }
  return all;
}

umtn_model* opened(const Network& n, const char* target, int precision) {
  const auto causal = pointers(n.causal), residual = pointers(n.residual);
  const auto residual_bias = pointers(n.residual_bias), skip = pointers(n.skip);
  const auto skip_bias = pointers(n.skip_bias);
  const umtn_shape shape = {n.layers,       n.kernel,    n.r,     n.s,
                            n.input_kernel, n.embedding, n.bands, n.dilations.data()};
  const umtn_weights weights = {n.first.data(),       n.embedding ? nullptr : n.first_bias.data(),
                                n.first_skip.data(),  n.first_skip_bias.data(),
                                causal.data(),        residual.data(),
                                residual_bias.data(), skip.data(),
                                skip_bias.data(),     n.fc.data(),
                                n.fc_bias.data(),     n.logits.data(),
                                n.logits_bias.data()};
  umtn_model* model = nullptr;
  expect(umtn_model_open(&shape, &weights, target, precision, &model), "umtn_model_open");
  return model;
}

struct Outcome {
  Vector logits;
  std::vector<std::uint8_t> drawn;
  Vector rings;
};

// Scores the codes, saving and loading the state halfway into a batch with other threads, then
// draws as many codes more.
Outcome run(const umtn_model* model, const Network& n, int streams, int threads,
            const Vector& conditioning, const std::vector<std::uint8_t>& codes,
            const Vector& uniforms, double top_p, int steps) {
  const std::size_t size = static_cast<std::size_t>(n.ring_rows()) * n.r;
  const int row = steps * n.bands;
  Outcome outcome = {Vector(static_cast<std::size_t>(streams) * row * 256),
                     std::vector<std::uint8_t>(static_cast<std::size_t>(streams) * row),
                     Vector(streams * size)};
  std::vector<std::int64_t> recent(n.input_codes(), -1);
  const double temperatures[] = {0.9, 1.0, 0.0, 0.5, 2.0, 0.7, 1.0, 0.3};
  const int half = steps / 2;
  umtn_batch* batch = nullptr;
  expect(umtn_batch_open(model, streams, threads, temperatures, top_p, &batch), "umtn_batch_open");
  for (int i = 0; i < streams; ++i)
    expect(umtn_batch_load(batch, i, 0, recent.data(), &outcome.rings[i * size]), "load");
  Vector part(static_cast<std::size_t>(streams) * row * 256);
  for (int begin = 0; begin < steps;) {
    const int count = begin < half ? half : steps - half;
    const int done = begin * n.bands, made = count * n.bands;
    const long before = allocations;
    expect(
        umtn_batch_score(batch, conditioning.data(), codes.data() + done, row, part.data(), count),
        "umtn_batch_score");
    if (allocations != before)
      fail("memory was asked for between two samples");
    for (int i = 0; i < streams; ++i)
      std::copy_n(&part[static_cast<std::size_t>(i) * made * 256], made * 256,
                  &outcome.logits[(static_cast<std::size_t>(i) * row + done) * 256]);
    begin += count;
    for (int i = 0; i < streams; ++i)
      expect(umtn_batch_store(batch, i, &outcome.rings[i * size]), "umtn_batch_store");
    umtn_batch_close(batch);
    expect(umtn_batch_open(model, streams, threads % 3 + 1, temperatures, top_p, &batch),
           "reopening");
    for (int i = 0; i < streams; ++i) {
      for (int j = 0; j < n.input_codes(); ++j) {
        const int from = begin * n.bands - n.input_codes() + j;
        recent[j] = from < 0 ? -1 : codes[static_cast<std::size_t>(i) * row + from];
      }
      expect(umtn_batch_load(batch, i, begin, recent.data(), &outcome.rings[i * size]), "load");
    }
  }
  const long before = allocations;
  expect(umtn_batch_steps(batch, conditioning.data(), uniforms.data(), outcome.drawn.data(), row,
                          steps),
         "umtn_batch_steps");
  if (allocations != before)
    fail("memory was asked for between two samples");
  umtn_batch_close(batch);
  return outcome;
}

void stress(unsigned seed) {
  Random random(seed);
  const Network n = drawn(random);
  const int size = random.whole(0, 9);
  const int streams = size == 9   ? random.whole(41, 257)
                      : size >= 7 ? random.whole(10, 40)
                                  : random.whole(1, 9);
  // Logits of many bands are most of the work.
  const int steps = streams > 40 ? random.whole(4, 8) : random.whole(4, n.bands > 2 ? 24 : 50);
  const Vector conditioning = random.normal(static_cast<std::size_t>(streams) * n.width(), 1);
  const int row = steps * n.bands;
  std::vector<std::uint8_t> codes(static_cast<std::size_t>(streams) * row);
  for (auto& code : codes)
    code = static_cast<std::uint8_t>(random.whole(0, 255));
  Vector uniforms(codes.size());
  for (float& uniform : uniforms)
    uniform = static_cast<float>(random.whole(0, (1 << 24) - 1)) / (1 << 24);
  const double top_p = random.whole(0, 1) ? 1.0 : 0.95;

  const int checked = random.whole(0, streams - 1);
  const auto expected = slow_logits(n, &conditioning[static_cast<std::size_t>(checked) * n.width()],
                                    codes, static_cast<std::size_t>(checked) * row, steps);
  double greatest = 0;
  for (double value : expected)
    greatest = std::max(greatest, std::abs(value));
  const double tolerances[] = {1e-4, 0.03, 0.06};
  for (int t = 0; umtn_target_name(t); ++t)
    for (int precision = UMTN_FP32; precision <= UMTN_INT8; ++precision) {
      const std::string where = "seed " + std::to_string(seed) + ", " + umtn_target_name(t) +
                                ", precision " + std::to_string(precision);
      umtn_model* model = opened(n, umtn_target_name(t), precision);
      const Outcome one = run(model, n, streams, 1, conditioning, codes, uniforms, top_p, steps);
      double error = 0;
      for (std::size_t i = 0; i < expected.size(); ++i)
        error = std::max(
            error,
            std::abs(expected[i] - one.logits[static_cast<std::size_t>(checked) * row * 256 + i]));
      if (!(error <= tolerances[precision] * greatest))
        fail(where + ": off by " + std::to_string(error / greatest));
      for (int threads = 2; threads <= 3; ++threads) {
        const Outcome other =
            run(model, n, streams, threads, conditioning, codes, uniforms, top_p, steps);
        if (other.logits != one.logits || other.drawn != one.drawn || other.rings != one.rings)
          fail(where + ": other numbers with " + std::to_string(threads) + " threads");
      }
      umtn_model_close(model);
    }
}

} // namespace

int main(int count, char** arguments) {
  return run_stress(count, arguments, stress);
}
