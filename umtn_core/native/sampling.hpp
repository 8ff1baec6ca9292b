// From logits to codes, exactly as umtn_core/decode/sampling.py defines it.
#pragma once

#include "model.hpp"
#include "vector.hpp"

namespace {

constexpr int kDoubles = kLanes / 2;

// exp(x) for x <= 0, to within a rounding or two; 0 where the result would be subnormal.
UMTN_INLINE Doubles exp_of_negative(Doubles x) {
  constexpr double log2e = 1.4426950408889634074;
  constexpr double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
  constexpr double magic = 6755399441055744.0;
  constexpr double inverse_factorials[] = {1.0 / 6227020800,
                                           1.0 / 479001600,
                                           1.0 / 39916800,
                                           1.0 / 3628800,
                                           1.0 / 362880,
                                           1.0 / 40320,
                                           1.0 / 5040,
                                           1.0 / 720,
                                           1.0 / 120,
                                           1.0 / 24,
                                           1.0 / 6,
                                           0.5,
                                           1.0,
                                           1.0};
  const Words vanishes = bits_of<Words>(x < -708.0);
  x = bits_of<Doubles>(bits_of<Words>(x) & ~vanishes);
  const Doubles shifted = x * log2e + magic;
  const Doubles whole = shifted - magic;
  const Doubles rest = (x - whole * ln2_high) - whole * ln2_low;
  Doubles power = inverse_factorials[0] - Doubles{};
  for (int i = 1; i < 14; ++i)
    power = power * rest + inverse_factorials[i];
  const Words scaled = bits_of<Words>(power) + (bits_of<Words>(shifted) << 52);
  return bits_of<Doubles>(scaled & ~vanishes);
}

// Greatest of 256 logits; `finite` is false if any is NaN or infinite.
UMTN_INLINE float greatest_of(const float* logits, bool& finite) {
  Floats greatest = load<Floats>(logits);
  Units magnitudes = Units{};
  for (int c = 0; c < umtn::kLevels; c += kLanes) {
    const Floats values = load<Floats>(logits + c);
    greatest = values > greatest ? values : greatest;
    const Units magnitude = bits_of<Units>(values) & 0x7fffffffu;
    magnitudes = magnitude > magnitudes ? magnitude : magnitudes;
  }
  finite = greatest_lane(magnitudes) < 0x7f800000u;
  return greatest_lane(greatest);
}

void weigh(const float* logits, float greatest, double temperature, double* weights) {
  for (int c = 0; c < umtn::kLevels; c += kDoubles) {
    Doubles x = __builtin_convertvector(load<HalfFloats>(logits + c), Doubles);
    x -= static_cast<double>(greatest);
    if (temperature != 1.0)
      x /= temperature;
    store(weights + c, exp_of_negative(x));
  }
}

// What an approximate draw may be off by, as a part of the sums that it compares. Sums of 256
// float32 weights, and exponents rounded as they are, make up less than a fifth of it.
constexpr float kUnsure = 1e-5f;
// The same of sums of float64 weights that are only taken in another order.
constexpr double kUnsureOfOrder = 1e-12;

// How many of 256 weights reach each of some thresholds, and their sums.
template <class Number, int Count>
struct Reached {
  Number thresholds[Count];
  Number sums[Count];
  int counts[Count];
};

template <class Vector, class Mask, class Number, int Count>
UMTN_INLINE void reach(const Number* weights, Reached<Number, Count>& reached) {
  constexpr int lanes = sizeof(Vector) / sizeof(Number), abreast = 2;
  Vector sums[Count][abreast] = {};
  Mask counts[Count][abreast] = {};
  for (int c = 0; c < umtn::kLevels; c += abreast * lanes)
#pragma GCC unroll 2
    for (int j = 0; j < abreast; ++j) {
      const Vector values = load<Vector>(weights + c + j * lanes);
#pragma GCC unroll 4
      for (int i = 0; i < Count; ++i) {
        const Mask does = bits_of<Mask>(values >= reached.thresholds[i]);
        sums[i][j] += bits_of<Vector>(bits_of<Mask>(values) & does);
        counts[i][j] -= does;
      }
    }
  for (int i = 0; i < Count; ++i) {
    reached.sums[i] = 0;
    reached.counts[i] = 0;
    const Vector sum = sums[i][0] + sums[i][1];
    const Mask count = counts[i][0] + counts[i][1];
    for (int lane = 0; lane < lanes; ++lane) {
      reached.sums[i] += sum[lane];
      reached.counts[i] += static_cast<int>(count[lane]);
    }
  }
}

// Keeps the nucleus of weights whose greatest is 1, without putting them in order: a threshold is
// looked for that its last code alone reaches beside those that are surely before it. Returns
// false, and changes nothing, where errors of `unsure` in weights and sums might make another
// nucleus.
template <class Vector, class Mask, class Bits, class Number>
bool keep_surely(Number* weights, double top_p, Number unsure) {
  constexpr int lanes = sizeof(Vector) / sizeof(Number), parts = 4;
  Reached<Number, 1> all = {};
  reach<Vector, Mask>(weights, all);
  const Number wanted = static_cast<Number>(top_p) * all.sums[0];
  // All codes below `low` together are less than half of what may be left out.
  const Number left_out = static_cast<Number>(0.5 * (1.0 - top_p)) * all.sums[0];
  Number low = left_out / umtn::kLevels, high = 2;
  Number low_sum = all.sums[0] - left_out, high_sum = 0;
  int low_count = umtn::kLevels, high_count = 0;
  // Equally far apart in their bits, thresholds are about equally far apart in their logarithms.
  while (low_count - high_count != 1) {
    const Bits begin = bits_of<Bits>(low), span = bits_of<Bits>(high) - begin;
    if (span <= 1)
      return false;
    Reached<Number, parts - 1> at;
    for (int i = 1; i < parts; ++i)
      at.thresholds[i - 1] = bits_of<Number>(begin + span / parts * i + span % parts * i / parts);
    reach<Vector, Mask>(weights, at);
    for (int i = 0; i < parts - 1; ++i) {
      if (!(at.sums[i] >= wanted)) {
        high = at.thresholds[i];
        high_sum = at.sums[i];
        high_count = at.counts[i];
        break;
      }
      low = at.thresholds[i];
      low_sum = at.sums[i];
      low_count = at.counts[i];
    }
  }
  Vector lasts = {};
  for (int c = 0; c < umtn::kLevels; c += lanes) {
    const Vector values = load<Vector>(weights + c);
    const Vector lower = bits_of<Vector>(bits_of<Mask>(values) & bits_of<Mask>(values < high));
    lasts = lower > lasts ? lower : lasts;
  }
  Number last = 0;
  for (int lane = 0; lane < lanes; ++lane)
    last = lasts[lane] > last ? lasts[lane] : last;
  Reached<Number, 2> beside = {{last * (1 - unsure), last * (1 + unsure)}, {}, {}};
  reach<Vector, Mask>(weights, beside);
  if (beside.counts[0] != low_count || beside.counts[1] != high_count ||
      !(low_sum >= wanted * (1 + unsure)) || !(high_sum < wanted * (1 - unsure)))
    return false;
  for (int c = 0; c < umtn::kLevels; c += lanes) {
    const Vector values = load<Vector>(weights + c);
    store(weights + c, bits_of<Mask>(values) & bits_of<Mask>(values >= low));
  }
  return true;
}

// Whether code a comes before code b in descending order of weight.
UMTN_INLINE bool before(const double* weights, int a, int b) {
  return weights[a] > weights[b] || (weights[a] == weights[b] && a < b);
}

// Lets the code at `root` sink in a heap whose top comes first.
void sink(const double* weights, std::int16_t* heap, int root, int size) {
  const std::int16_t code = heap[root];
  for (int child; (child = 2 * root + 1) < size; root = child) {
    if (child + 1 < size && before(weights, heap[child + 1], heap[child]))
      ++child;
    if (!before(weights, heap[child], code))
      break;
    heap[root] = heap[child];
  }
  heap[root] = code;
}

void keep_nucleus(double* weights, double top_p) {
  if (keep_surely<Doubles, Words, std::int64_t>(weights, top_p, kUnsureOfOrder))
    return;
  // As the definition says.
  double total = 0;
  for (int c = 0; c < umtn::kLevels; ++c)
    total += weights[c];
  const double wanted = top_p * total;
  // All codes below this weight together are less than half of what may be left out.
  const double least = 0.5 * (1.0 - top_p) * total / umtn::kLevels;
  std::int16_t heap[umtn::kLevels];
  int size = 0;
  for (int c = 0; c < umtn::kLevels; ++c)
    if (weights[c] >= least)
      heap[size++] = static_cast<std::int16_t>(c);
  for (int root = size / 2 - 1; root >= 0; --root)
    sink(weights, heap, root, size);
  alignas(umtn::kAlignment) double kept[umtn::kLevels] = {};
  double running = 0;
  while (size) {
    const int code = heap[0];
    kept[code] = weights[code];
    running += weights[code];
    if (running >= wanted)
      break;
    heap[0] = heap[--size];
    sink(weights, heap, 0, size);
  }
  std::memcpy(weights, kept, sizeof kept);
}

UMTN_INLINE int likeliest(const float* logits) {
  int best = 0;
  for (int c = 1; c < umtn::kLevels; ++c)
    if (logits[c] > logits[best])
      best = c;
  return best;
}

// The code that a row of logits and its number give, by float32 and in whatever order is fast; -1
// where that is too near to a code's edge to say so for certain.
int draw_quickly(const float* logits, float greatest, double temperature, double top_p,
                 float uniform) {
  constexpr int blocks = umtn::kLevels / kLanes, abreast = 8;
  const float scale = static_cast<float>(1.4426950408889634 / temperature);
  alignas(umtn::kAlignment) float weights[umtn::kLevels];
  alignas(umtn::kAlignment) float ends[blocks];
  float total = 0;
  for (int b = 0; b < blocks; b += abreast) {
    Floats powers[abreast];
#pragma GCC unroll 8
    for (int i = 0; i < abreast; ++i)
      powers[i] = clamped((load<Floats>(logits + (b + i) * kLanes) - greatest) * scale, 100.0f);
    exp2_scaled<6>(powers, {1, 1, 1, 1, 1, 1, 1, 1});
#pragma GCC unroll 8
    for (int i = 0; i < abreast; ++i) {
      store(weights + (b + i) * kLanes, powers[i]);
      ends[b + i] = sum_of_lanes(powers[i]);
    }
  }
  if (top_p < 1.0) {
    if (!keep_surely<Floats, Units, std::int32_t>(weights, top_p, kUnsure))
      return -1;
    for (int b = 0; b < blocks; ++b)
      ends[b] = sum_of_lanes(load<Floats>(weights + b * kLanes));
  }
  for (int b = 0; b < blocks; ++b)
    ends[b] = total += ends[b];

  const float target = uniform * total, unsure = kUnsure * total;
  float passed = 0;
  for (int b = 0; b < blocks; b += kLanes)
    passed += sum_of_lanes(ones_where(load<Floats>(ends + b) <= target));
  // All may be passed, if the target is rounded up.
  const int block = passed < blocks ? static_cast<int>(passed) : blocks - 1;
  // Edges before the first code are none.
  float end = block ? ends[block - 1] : 0.0f;
  const bool entered = block == 0 || target - end > unsure;
  alignas(umtn::kAlignment) float within[kLanes];
  for (int i = 0; i < kLanes; ++i)
    within[i] = end += weights[block * kLanes + i];
  const Floats left = load<Floats>(within) - target;
  const Units nearness = ~(bits_of<Units>(left) & 0x7fffffffu);
  const bool sure = bits_of<float>(~greatest_lane(nearness)) > unsure;
  passed = sum_of_lanes(ones_where(left <= 0));
  return entered && sure ? block * kLanes + static_cast<int>(passed) : -1;
}

// Returns whether all logits were finite.
bool draw(const umtn::Draws* draws) {
  using umtn::kDrawn;
  using umtn::kLevels;
  const umtn::Draws& d = *draws;
  double* weights = d.room;
  bool all_finite = true;
  for (int first = d.begin; first < d.end; first += kDrawn) {
    const int end = d.end - first < kDrawn ? d.end : first + kDrawn;
    const float* numbers[kDrawn];
    std::uint8_t* unsure[kDrawn];
    int unsure_count = 0;
    int band = first % d.bands;
    std::int64_t stream = first / d.bands;
    for (int i = first; i < end; ++i) {
      const float* row = d.logits + static_cast<std::int64_t>(i) * kLevels;
      const double temperature = d.temperatures[band];
      const float* number = d.uniforms + stream * d.uniforms_row + band;
      std::uint8_t* chosen = d.codes + stream * d.codes_row + band;
      if (++band == d.bands) {
        band = 0;
        ++stream;
      }
      bool finite;
      const float greatest = greatest_of(row, finite);
      all_finite &= finite;
      int code = -1;
      if (temperature == 0.0)
        code = likeliest(row);
      else
        code = draw_quickly(row, greatest, temperature, d.top_p, *number);
      if (code >= 0) {
        *chosen = static_cast<std::uint8_t>(code);
        continue;
      }
      double* row_weights = weights + unsure_count * kLevels;
      weigh(row, greatest, temperature, row_weights);
      if (d.top_p < 1.0)
        keep_nucleus(row_weights, d.top_p);
      numbers[unsure_count] = number;
      unsure[unsure_count++] = chosen;
    }
    if (!unsure_count)
      continue;
    // One after another, as the definition says; the rows' additions overlap. Rows that are
    // not asked for hold what was there before, which does no harm.
    double sums[kDrawn] = {};
    for (int c = 0; c < kLevels; ++c)
      for (int i = 0; i < kDrawn; ++i)
        weights[i * kLevels + c] = sums[i] += weights[i * kLevels + c];
    for (int i = 0; i < unsure_count; ++i) {
      const double target = *numbers[i] * sums[i];
      Words passed = Words{};
      for (int c = 0; c < kLevels; c += kDoubles)
        passed -= bits_of<Words>(load<Doubles>(weights + i * kLevels + c) <= target);
      std::uint64_t code = 0;
      for (int lane = 0; lane < kDoubles; ++lane)
        code += passed[lane];
      // Only what is not a number can pass all.
      *unsure[i] = static_cast<std::uint8_t>(code & 255);
    }
  }
  return all_finite;
}

} // namespace
