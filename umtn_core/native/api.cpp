// The C interface: checks what it is given, and turns exceptions into statuses.
#include "batch.hpp"
#include "denormals.hpp"
#include "encoder.hpp"
#include "targets.hpp"
#include "umtn_decode.h"
#include "weights.hpp"

#include <algorithm>
#include <chrono>
#include <climits>
#include <new>
#include <system_error>

struct umtn_model {
  umtn::Arena arena;
  umtn::Network network;
  const umtn::Target* target;
};

struct umtn_batch {
  umtn::Batch batch;
};

struct umtn_encoder {
  umtn::Arena arena;
  umtn::Encoder network;
  const umtn::Target* target;
};

namespace {

template <class F>
int guarded(F work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return UMTN_NO_MEMORY;
  } catch (const std::system_error&) {
    return UMTN_NO_THREAD;
  } catch (...) {
    return UMTN_BAD_ARGUMENT;
  }
}

// Large enough for any network, small enough that no size computed from it overflows 64 bits.
constexpr int kMost = 1 << 20;

bool countable(int value) {
  return value >= 1 && value <= kMost;
}

bool legal(const umtn_shape& shape) {
  if (!countable(shape.layers) || !countable(shape.residual_channels) ||
      !countable(shape.skip_channels) || !countable(shape.input_kernel) || shape.kernel < 2 ||
      shape.kernel > kMost || !shape.dilations || shape.bands < 1 ||
      shape.bands > UMTN_MOST_BANDS || (shape.bands > 1 && !shape.embedding))
    return false;
  for (int l = 0; l < shape.layers; ++l)
    if (shape.dilations[l] < 1 || shape.dilations[l] > INT_MAX / shape.kernel)
      return false;
  return true;
}

bool legal(const umtn_encoder_shape& shape) {
  if (!countable(shape.layers) || !countable(shape.channels) || !countable(shape.latent_channels) ||
      !countable(shape.first_kernel) || !countable(shape.stride) || !countable(shape.pool) ||
      !countable(shape.kernel) || shape.kernel % 2 == 0 || shape.first_kernel < shape.stride ||
      !shape.dilations)
    return false;
  for (int l = 0; l < shape.layers; ++l)
    if (shape.dilations[l] < 1 || shape.dilations[l] > INT_MAX / shape.kernel)
      return false;
  return true;
}

bool legal(const double* temperatures, int bands, double top_p) {
  return temperatures && top_p > 0.0 && top_p <= 1.0 &&
         std::all_of(temperatures, temperatures + bands,
                     [](double temperature) { return temperature >= 0.0 && temperature <= 1e6; });
}

// Repacks weights of a kind.
template <class Shape, class Weights, class Opened>
int open(const Shape* shape, const Weights* weights, const char* name, int precision,
         Opened** out) {
  return guarded([&]() -> int {
    if (!shape || !weights || !name || !out || precision < UMTN_FP32 || precision > UMTN_INT8 ||
        !legal(*shape))
      return UMTN_BAD_ARGUMENT;
    const umtn::Target* target = umtn::target_named(name);
    if (!target)
      return UMTN_NO_TARGET;
    if (!umtn::all_finite(*shape, *weights))
      return UMTN_NOT_FINITE_WEIGHTS;
    std::unique_ptr<Opened> opened(new Opened{});
    opened->target = target;
    opened->network = umtn::packed(opened->arena, *shape, *weights, *target, precision);
    *out = opened.release();
    return UMTN_OK;
  });
}

} // namespace

const char* umtn_target_name(int index) {
  const umtn::Target* target = index < 0 ? nullptr : umtn::usable_target(index);
  return target ? target->name : nullptr;
}

double umtn_measure_peak(const char* name, int precision) {
  using Clock = std::chrono::steady_clock;
  const umtn::Target* target = name ? umtn::target_named(name) : nullptr;
  if (!target || precision < UMTN_FP32 || precision > UMTN_INT8)
    return -1;
  const umtn::DenormalsOff off;
  // The best of short runs: what the core can do while nothing interrupts it.
  double best = 0;
  long rounds = 1000;
  for (const auto begin = Clock::now(); Clock::now() - begin < std::chrono::milliseconds(100);) {
    const auto start = Clock::now();
    const double work = target->peak_work(precision, rounds);
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    if (seconds < 1e-3)
      rounds *= 2;
    else
      best = work / seconds > best ? work / seconds : best;
  }
  return best / 1e9;
}

int umtn_model_open(const umtn_shape* shape, const umtn_weights* weights, const char* name,
                    int precision, umtn_model** model) {
  return open(shape, weights, name, precision, model);
}

void umtn_model_close(umtn_model* model) {
  delete model;
}

int umtn_batch_open(const umtn_model* model, int streams, int threads, const double* temperatures,
                    double top_p, umtn_batch** batch) {
  return guarded([&]() -> int {
    if (!model || !batch || !countable(streams) || threads < 1 || threads > 1024 ||
        !legal(temperatures, model->network.bands, top_p))
      return UMTN_BAD_ARGUMENT;
    *batch =
        new umtn_batch{{model->network, *model->target, streams, threads, temperatures, top_p}};
    return UMTN_OK;
  });
}

void umtn_batch_close(umtn_batch* batch) {
  delete batch;
}

int umtn_batch_load(umtn_batch* batch, int stream, int64_t time, const int64_t* recent,
                    const float* rings) {
  if (!batch || !recent || !rings || time < 0 || !batch->batch.can_load(stream, recent))
    return UMTN_BAD_ARGUMENT;
  batch->batch.load(stream, time, recent, rings);
  return UMTN_OK;
}

int umtn_batch_store(const umtn_batch* batch, int stream, float* rings) {
  if (!batch || !rings || !batch->batch.has(stream))
    return UMTN_BAD_ARGUMENT;
  batch->batch.store(stream, rings);
  return UMTN_OK;
}

int umtn_batch_steps(umtn_batch* batch, const float* conditioning, const float* uniforms,
                     uint8_t* codes, int64_t row, int steps) {
  if (!batch || !conditioning || !uniforms || !codes || !batch->batch.fits(steps, row))
    return UMTN_BAD_ARGUMENT;
  umtn::Work work = {};
  work.steps = steps;
  work.row = row;
  work.uniforms = uniforms;
  work.codes = codes;
  return guarded([&]() -> int {
    return batch->batch.run(conditioning, work) ? UMTN_OK : UMTN_NOT_FINITE_OUTPUT;
  });
}

int umtn_batch_score(umtn_batch* batch, const float* conditioning, const uint8_t* codes,
                     int64_t row, float* logits, int steps) {
  if (!batch || !conditioning || !codes || !logits || !batch->batch.fits(steps, row))
    return UMTN_BAD_ARGUMENT;
  umtn::Work work = {};
  work.steps = steps;
  work.row = row;
  work.given = codes;
  work.logits = logits;
  return guarded([&]() -> int {
    batch->batch.run(conditioning, work);
    return UMTN_OK;
  });
}

int umtn_encoder_open(const umtn_encoder_shape* shape, const umtn_encoder_weights* weights,
                      const char* name, int precision, umtn_encoder** encoder) {
  return open(shape, weights, name, precision, encoder);
}

void umtn_encoder_close(umtn_encoder* encoder) {
  delete encoder;
}

int umtn_encoder_run(const umtn_encoder* encoder, const float* audio, int64_t samples,
                     int64_t first, int64_t frames, float* latents) {
  if (!encoder || !audio || !latents)
    return UMTN_BAD_ARGUMENT;
  const umtn::Encoder& e = encoder->network;
  const std::int64_t hop = std::int64_t{e.stride} * e.pool;
  if (samples < 1 || samples % hop || first < 0 || frames < 1 || frames > INT_MAX ||
      frames > samples / hop - first)
    return UMTN_BAD_ARGUMENT;
  return guarded([&]() -> int {
    umtn::encode(e, *encoder->target, audio, samples, first, frames, latents);
    return UMTN_OK;
  });
}

int umtn_draw(const char* name, const float* logits, const float* uniforms, int rows,
              double temperature, double top_p, uint8_t* codes) {
  const umtn::Target* target = name ? umtn::target_named(name) : nullptr;
  if (!target)
    return UMTN_NO_TARGET;
  if (!logits || !uniforms || !codes || rows < 0 || !legal(&temperature, 1, top_p))
    return UMTN_BAD_ARGUMENT;
  return guarded([&]() -> int {
    umtn::Arena arena;
    umtn::Draws draws = {};
    draws.end = rows;
    draws.bands = 1;
    draws.logits = logits;
    draws.uniforms = uniforms;
    draws.uniforms_row = 1;
    draws.temperatures = &temperature;
    draws.top_p = top_p;
    draws.codes = codes;
    draws.codes_row = 1;
    draws.room = arena.array<double>(umtn::kDrawn * umtn::kLevels);
    const umtn::DenormalsOff off;
    return target->draw(&draws) ? UMTN_OK : UMTN_NOT_FINITE_OUTPUT;
  });
}
