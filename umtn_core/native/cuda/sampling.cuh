// From logits to a code, exactly as umtn_core/decode/sampling.py defines it.
//
// The definition adds one term after another. A warp adds whole numbers in place of that, units of
// 2^-50 of the greatest weight, in any order; wherever the sums come so near to an edge that the
// order could matter, one lane goes by the letter of the definition.
#pragma once

#include "uniform.cuh"

constexpr int kEach = kLevels / 32; // codes of a lane, one behind the other

struct Drawing {
  double temperature, top_p;
  float greatest;

  UMTN_DEVICE double weight(float logit) const {
    double x = static_cast<double>(logit) - static_cast<double>(greatest);
    if (temperature != 1.0)
      x /= temperature;
    return exp(x);
  }
};

// Whether one code comes before another in descending order of weight.
UMTN_DEVICE bool comes_before(double a, int code_a, double b, int code_b) {
  return a > b || (a == b && code_a < code_b);
}

// By the letter of the definition. Weights are made anew whenever they are wanted: there is no
// room for them, and this is hardly ever called.
UMTN_OUTLINE int draw_by_the_letter(const float* logits, float uniform, const Drawing& drawing) {
  double last = -1.0; // least weight of the nucleus, and its code
  int last_code = kLevels;
  if (drawing.top_p < 1.0) {
    double total = 0;
    for (int c = 0; c < kLevels; ++c)
      total += drawing.weight(logits[c]);
    const double wanted = drawing.top_p * total;
    double running = 0;
    last = 2.0;
    last_code = -1;
    for (int kept = 0; kept < kLevels && (kept == 0 || running < wanted); ++kept) {
      double next = -1.0;
      int next_code = kLevels;
      for (int c = 0; c < kLevels; ++c) {
        const double weight = drawing.weight(logits[c]);
        if (comes_before(last, last_code, weight, c) && comes_before(weight, c, next, next_code)) {
          next = weight;
          next_code = c;
        }
      }
      last = next;
      last_code = next_code;
      running += next;
    }
  }
  double total = 0;
  for (int pass = 0;; ++pass) {
    const double target = static_cast<double>(uniform) * total;
    double cumulative = 0;
    for (int c = 0; c < kLevels; ++c) {
      const double weight = drawing.weight(logits[c]);
      if (!comes_before(last, last_code, weight, c))
        cumulative += weight;
      if (pass && cumulative > target)
        return c;
    }
    if (pass)
      return kLevels - 1;
    total = cumulative;
  }
}

UMTN_DEVICE u64 sum_of_lanes(u64 value) {
  const int lane = thread_index() & 31;
  for (int step = 1; step < 32; step *= 2)
    value += shuffle(value, lane ^ step);
  return value;
}

UMTN_DEVICE bool is_near(u64 a, u64 b, u64 margin) {
  return (a > b ? a - b : b - a) <= margin;
}

// Draws one code with a warp, all of whose lanes get it; `finite` is false if a logit is not a
// number or infinite.
UMTN_OUTLINE int draw_code(const float* logits, float uniform, double temperature, double top_p,
                           bool& finite) {
  const int lane = thread_index() & 31, first = lane * kEach;
  float greatest = logits[first];
  int best = first;
  bool bad = false;
  for (int i = 0; i < kEach; ++i) {
    const float logit = logits[first + i];
    bad |= !(logit * 0.0f == 0.0f);
    if (logit > greatest) {
      greatest = logit;
      best = first + i;
    }
  }
  finite = !any_lane(bad);
  if (!finite)
    return 0;
  for (int step = 1; step < 32; step *= 2) {
    const float other = bits_to_float(shuffle(float_to_bits(greatest), lane ^ step));
    const int other_best = static_cast<int>(shuffle(static_cast<u32>(best), lane ^ step));
    if (other > greatest || (other == greatest && other_best < best)) {
      greatest = other;
      best = other_best;
    }
  }
  if (temperature == 0.0)
    return best;

  const Drawing drawing = {temperature, top_p, greatest};
  constexpr double unit = 1125899906842624.0; // 2^50
  u64 units[kEach];
  u64 mine = 0;
  bool unsure = false;
  if (top_p < 1.0) {
    double weights[kEach];
    u64 before[kEach]; // units of the codes that come before
    for (int i = 0; i < kEach; ++i) {
      weights[i] = drawing.weight(logits[first + i]);
      units[i] = static_cast<u64>(weights[i] * unit);
      mine += units[i];
      before[i] = 0;
    }
    const u64 total = sum_of_lanes(mine);
#pragma unroll
    for (int j = 0; j < kEach; ++j)
      for (int from = 0; from < 32; ++from) {
        const double other = bits_to_double(shuffle(double_to_bits(weights[j]), from));
        const u64 other_units = static_cast<u64>(other * unit);
        for (int i = 0; i < kEach; ++i)
          if (comes_before(other, from * kEach + j, weights[i], first + i))
            before[i] += other_units;
      }
    const u64 wanted = static_cast<u64>(top_p * static_cast<double>(total));
    const u64 margin = 1024 + (total >> 36);
    mine = 0;
    for (int i = 0; i < kEach; ++i) {
      // Nothing comes before the likeliest, which is always kept.
      unsure |= before[i] != 0 && is_near(before[i], wanted, margin);
      if (before[i] != 0 && before[i] >= wanted)
        units[i] = 0;
      mine += units[i];
    }
  } else {
    for (int i = 0; i < kEach; ++i) {
      units[i] = static_cast<u64>(drawing.weight(logits[first + i]) * unit);
      mine += units[i];
    }
  }

  u64 cumulative = mine; // up to and including this lane
  for (int step = 1; step < 32; step *= 2) {
    const u64 below = shuffle(cumulative, lane < step ? lane : lane - step);
    if (lane >= step)
      cumulative += below;
  }
  const u64 total = shuffle(cumulative, 31);
  const u64 target = static_cast<u64>(static_cast<double>(uniform) * static_cast<double>(total));
  const u64 margin = 1024 + (total >> 36);
  u64 passed = 0;
  cumulative -= mine;
  for (int i = 0; i < kEach; ++i) {
    cumulative += units[i];
    unsure |= is_near(cumulative, target, margin);
    passed += cumulative <= target;
  }
  int code = static_cast<int>(sum_of_lanes(passed) & 255);
  if (any_lane(unsure)) {
    if (lane == 0)
      code = draw_by_the_letter(logits, uniform, drawing);
    code = static_cast<int>(shuffle(static_cast<u32>(code), 0));
  }
  return code;
}
