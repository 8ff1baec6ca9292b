// Vectors of a target's width, by the compilers' vector extensions: one source for every
// instruction set. Included only by kernel.cpp, which is compiled once for each target.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

namespace {

constexpr int kLanes = UMTN_LANES;
// Vectors of output rows in one panel; with kTile streams their sums fill the registers.
constexpr int kPanel = UMTN_PANEL;
constexpr int kTile = 6;

typedef float Floats __attribute__((vector_size(kLanes * 4)));
typedef std::int32_t Ints __attribute__((vector_size(kLanes * 4)));
typedef std::uint32_t Units __attribute__((vector_size(kLanes * 4)));
typedef std::uint16_t Halves __attribute__((vector_size(kLanes * 2)));
typedef std::uint8_t Bytes __attribute__((vector_size(kLanes)));
typedef double Doubles __attribute__((vector_size(kLanes * 4)));
typedef std::uint64_t Words __attribute__((vector_size(kLanes * 4)));
typedef float HalfFloats __attribute__((vector_size(kLanes * 2)));

#define UMTN_INLINE inline __attribute__((always_inline))

template <class V>
UMTN_INLINE V load(const void* from) {
  V value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class V>
UMTN_INLINE void store(void* to, V value) {
  std::memcpy(to, &value, sizeof value);
}

template <class To, class From>
UMTN_INLINE To bits_of(From value) {
  static_assert(sizeof(To) == sizeof(From), "only the type may change");
  To same;
  std::memcpy(&same, &value, sizeof same);
  return same;
}

// NaN stays NaN, so that damage is seen in the end.
UMTN_INLINE Floats clamped(Floats x, float bound) {
  const Floats most = bound - Floats{}, least = -bound - Floats{};
#if defined(__AVX512F__) && UMTN_LANES == 16
  // The second operand is the answer where one of them is not a number.
  return _mm512_min_ps(most, _mm512_max_ps(least, x));
#elif defined(__AVX2__) && UMTN_LANES == 8
  return _mm256_min_ps(most, _mm256_max_ps(least, x));
#else
  x = x > most ? most : x;
  return x < least ? least : x;
#endif
}

// The quotient to within a rounding, or where Degree is low, as near as exp2_scaled is.
template <int Degree>
UMTN_INLINE Floats quotient(Floats dividend, Floats divisor) {
#if defined(__AVX512F__) && UMTN_LANES == 16
  if constexpr (Degree < 6)
    return dividend * bits_of<Floats>(_mm512_rcp14_ps(bits_of<__m512>(divisor)));
#endif
  return dividend / divisor;
}

// Greatest of the lanes.
UMTN_INLINE std::uint32_t greatest_lane(Units values) {
#if defined(__AVX512F__) && UMTN_LANES == 16
  return _mm512_reduce_max_epu32(bits_of<__m512i>(values));
#else
  std::uint32_t most = 0;
  for (int i = 0; i < kLanes; ++i)
    most = values[i] > most ? values[i] : most;
  return most;
#endif
}

UMTN_INLINE float greatest_lane(Floats values) {
#if defined(__AVX512F__) && UMTN_LANES == 16
  return _mm512_reduce_max_ps(values);
#else
  float most = values[0];
  for (int i = 1; i < kLanes; ++i)
    most = values[i] > most ? values[i] : most;
  return most;
#endif
}

UMTN_INLINE Floats ones_where(Ints holds) {
  return holds ? 1.0f - Floats{} : Floats{};
}

// In any order.
UMTN_INLINE float sum_of_lanes(Floats values) {
#if defined(__AVX512F__) && UMTN_LANES == 16
  return _mm512_reduce_add_ps(values);
#else
  float sum = values[0];
  for (int i = 1; i < kLanes; ++i)
    sum += values[i];
  return sum;
#endif
}

// Gates that are computed side by side: each is one long chain of operations, and a processor
// overlaps only chains that lie close together.
constexpr int kAbreast = 2;

// x[i] becomes 2^(x[i] * scale[i]), for |x * scale| < 120. Taylor terms of 2^f for |f| <= 1/2: with
// Degree 6 off by 1e-7 of the value, with 4 by 4e-5.
template <int Degree, int Count>
UMTN_INLINE void exp2_scaled(Floats (&x)[Count], const float (&scale)[Count]) {
  constexpr float terms[] = {1.0f,           0.693147181f,   0.240226507f,   0.0555041087f,
                             0.00961812911f, 0.00133335581f, 0.000154035304f};
  // Adding this leaves the nearest whole number in the lowest bits.
  constexpr float magic = 12582912.0f;
  Floats shifted[Count], power[Count];
#pragma GCC unroll 16
  for (int i = 0; i < Count; ++i)
    shifted[i] = x[i] * scale[i] + magic;
#pragma GCC unroll 16
  for (int i = 0; i < Count; ++i)
    x[i] = x[i] * scale[i] - (shifted[i] - magic);
#pragma GCC unroll 16
  for (int i = 0; i < Count; ++i)
    power[i] = terms[Degree] * x[i] + terms[Degree - 1];
#pragma GCC unroll 8
  for (int d = Degree - 2; d >= 0; --d)
#pragma GCC unroll 16
    for (int i = 0; i < Count; ++i)
      power[i] = power[i] * x[i] + terms[d];
#pragma GCC unroll 16
  for (int i = 0; i < Count; ++i)
    x[i] = bits_of<Floats>(bits_of<Units>(power[i]) + (bits_of<Units>(shifted[i]) << 23));
}

// gates[i] becomes sigmoid(gates[i]) * tanh(filters[i]) = (1 - b) / ((1 + a) (1 + b)) where
// a = exp(-gate), b = exp(-2 filter), from `Begin` on.
template <int Degree, int Begin, int Count>
UMTN_INLINE void pass_gates(Floats (&gates)[Count], const Floats (&filters)[Count]) {
  if constexpr (Begin < Count) {
    constexpr float log2e = 1.44269504f;
    constexpr int abreast = Count - Begin < kAbreast ? Count - Begin : kAbreast;
    Floats powers[2 * abreast];
    float scales[2 * abreast];
#pragma GCC unroll 16
    for (int i = 0; i < abreast; ++i) {
      powers[i] = clamped(gates[Begin + i], 40.0f);
      powers[abreast + i] = clamped(filters[Begin + i], 12.0f);
      scales[i] = -log2e;
      scales[abreast + i] = -2 * log2e;
    }
    exp2_scaled<Degree>(powers, scales);
#pragma GCC unroll 16
    for (int i = 0; i < abreast; ++i) {
      const Floats a = powers[i], b = powers[abreast + i];
      gates[Begin + i] = quotient<Degree>(1.0f - b, (1.0f + a) * (1.0f + b));
    }
    pass_gates<Degree, Begin + abreast>(gates, filters);
  }
}

} // namespace
