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

// 2^(x * scale) for |x * scale| < 120. Taylor terms of 2^f for |f| <= 1/2: with Degree 6 off by
// 1e-7 of the value, with 4 by 4e-5.
template <int Degree>
UMTN_INLINE Floats exp2_scaled(Floats x, float scale) {
  constexpr float terms[] = {1.0f,           0.693147181f,   0.240226507f,   0.0555041087f,
                             0.00961812911f, 0.00133335581f, 0.000154035304f};
  // Adding this leaves the nearest whole number in the lowest bits.
  constexpr float magic = 12582912.0f;
  const Floats shifted = x * scale + magic;
  const Floats fraction = x * scale - (shifted - magic);
  Floats power = terms[Degree] - Floats{};
  for (int i = Degree - 1; i >= 0; --i)
    power = power * fraction + terms[i];
  return bits_of<Floats>(bits_of<Units>(power) + (bits_of<Units>(shifted) << 23));
}

// sigmoid(gate) * tanh(filter) = (1 - b) / ((1 + a) (1 + b)), a = exp(-gate), b = exp(-2 filter).
template <int Degree>
UMTN_INLINE Floats gated_unit(Floats gate, Floats filter) {
  constexpr float log2e = 1.44269504f;
  const Floats a = exp2_scaled<Degree>(clamped(gate, 40.0f), -log2e);
  const Floats b = exp2_scaled<Degree>(clamped(filter, 12.0f), -2 * log2e);
  return quotient<Degree>(1.0f - b, (1.0f + a) * (1.0f + b));
}

} // namespace
