// The three precisions of a layer's products: what a 32-bit unit of weights and activations holds,
// and how units are multiplied. Sums are kept in 32 bits everywhere.
#pragma once

#include "model.hpp"
#include "vector.hpp"

namespace {

struct Fp32 {
  using Head = Fp32; // of what leads from the skips to the logits
  using Sum = Floats;
  static constexpr int kElements = 1;
  static constexpr int kGateDegree = 6;
  static constexpr bool kScaled = false;

  static UMTN_INLINE void add_product(Sum& sum, Units weights, std::uint32_t activation) {
    sum += bits_of<Floats>(weights) * bits_of<float>(activation);
  }
  static UMTN_INLINE void put(std::uint32_t* row, int vector, Floats values, float) {
    store(row + vector * kLanes, values);
  }
  static UMTN_INLINE Floats get(const std::uint32_t* row, int vector, float) {
    return load<Floats>(row + vector * kLanes);
  }
};

// Two bfloat16 a unit, the earlier input in the lower half.
struct Bf16 {
  using Head = Bf16;
  using Sum = Floats;
  static constexpr int kElements = 2;
  static constexpr int kGateDegree = 4;
  static constexpr bool kScaled = false;

  static UMTN_INLINE void add_product(Sum& sum, Units weights, std::uint32_t activations) {
#if defined(__AVX512BF16__) && UMTN_LANES == 16
    sum = _mm512_dpbf16_ps(sum, bits_of<__m512bh>(weights),
                           bits_of<__m512bh>(_mm512_set1_epi32(static_cast<int>(activations))));
#else
    sum += bits_of<Floats>(weights << 16) * bits_of<float>(activations << 16);
    sum += bits_of<Floats>(weights & 0xffff0000u) * bits_of<float>(activations & 0xffff0000u);
#endif
  }
  // To nearest, ties to even. Bits that a NaN would lose are never its only ones here.
  static UMTN_INLINE void put(std::uint32_t* row, int vector, Floats values, float) {
    const Units bits = bits_of<Units>(values);
    const Units rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    store(reinterpret_cast<std::uint16_t*>(row) + vector * kLanes,
          __builtin_convertvector(rounded, Halves));
  }
  static UMTN_INLINE Floats get(const std::uint32_t* row, int vector, float) {
    const Halves halves =
        load<Halves>(reinterpret_cast<const std::uint16_t*>(row) + vector * kLanes);
    return bits_of<Floats>(__builtin_convertvector(halves, Units) << 16);
  }
};

// Four int8 a unit. Weights have one scale a row of the matrix; activations one a row of theirs,
// and are stored 128 too high, since the instruction wants them without sign.
struct Int8 {
  using Head = Bf16;
  using Sum = Ints;
  static constexpr int kElements = 4;
  static constexpr int kGateDegree = 4;
  static constexpr bool kScaled = true;

  static UMTN_INLINE void add_product(Sum& sum, Units weights, std::uint32_t activations) {
#if defined(__AVX512VNNI__) && UMTN_LANES == 16
    sum = bits_of<Ints>(_mm512_dpbusd_epi32(bits_of<__m512i>(sum),
                                            _mm512_set1_epi32(static_cast<int>(activations)),
                                            bits_of<__m512i>(weights)));
#else
    for (int i = 0; i < 4; ++i) {
      const Ints weight = bits_of<Ints>(weights << (24 - 8 * i)) >> 24;
      sum += weight * static_cast<std::int32_t>(activations >> (8 * i) & 0xff);
    }
#endif
  }
  // Whole numbers from 1 to 255. To the nearest: a number's lowest bits, as in exp2_scaled.
  static UMTN_INLINE Units shifted(Floats values, float scale) {
    return bits_of<Units>(values * (1.0f / scale) + (12582912.0f + 128.0f)) & 0xffu;
  }
  static UMTN_INLINE void put(std::uint32_t* row, int vector, Floats values, float scale) {
    store(reinterpret_cast<std::uint8_t*>(row) + vector * kLanes,
          __builtin_convertvector(shifted(values, scale), Bytes));
  }
  static UMTN_INLINE void put_four(std::uint32_t* row, int vector, const float* values,
                                   float scale) {
#if defined(__AVX512BW__) && UMTN_LANES == 16
    __m512i whole[4];
    for (int v = 0; v < 4; ++v)
      whole[v] = bits_of<__m512i>(shifted(load<Floats>(values + v * kLanes), scale));
    // Packs take each quarter of a vector by itself, so quarters have to be brought into order.
    const __m512i mixed = _mm512_packus_epi16(_mm512_packs_epi32(whole[0], whole[1]),
                                              _mm512_packs_epi32(whole[2], whole[3]));
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    store(reinterpret_cast<std::uint8_t*>(row) + vector * kLanes,
          _mm512_permutexvar_epi32(order, mixed));
#else
    for (int v = 0; v < 4; ++v)
      put(row, vector + v, load<Floats>(values + v * kLanes), scale);
#endif
  }
  static UMTN_INLINE Floats get(const std::uint32_t* row, int vector, float scale) {
    const Bytes bytes = load<Bytes>(reinterpret_cast<const std::uint8_t*>(row) + vector * kLanes);
    const Ints whole = bits_of<Ints>(__builtin_convertvector(bytes, Units)) - 128;
    return __builtin_convertvector(whole, Floats) * scale;
  }
};

// Greatest magnitude of a row.
UMTN_INLINE float greatest_magnitude(const float* values, int vectors) {
  // As whole numbers, magnitudes are in the same order, and what is not a number is the greatest.
  Units greatest = Units{};
  for (int v = 0; v < vectors; ++v) {
    const Units magnitude = load<Units>(values + v * kLanes) & 0x7fffffffu;
    greatest = magnitude > greatest ? magnitude : greatest;
  }
  return bits_of<float>(greatest_lane(greatest));
}

// The scale at which a row of activations is kept: its greatest magnitude becomes 127. Rounded
// upwards to nine bits, so that the scale of a row that has been rounded once is the same again
// (the greatest is still 127, and 127 times the scale exact): a decode that was saved goes on with
// the very same numbers.
UMTN_INLINE float row_scale(float greatest) {
  const std::uint32_t bits = bits_of<std::uint32_t>(greatest / 127.0f);
  const float scale = bits_of<float>((bits + 0x7fffu) & 0xffff8000u);
  // Zeros have any scale; what is all but zero must not have one without an inverse.
  return scale < 1e-30f ? 1e-30f : scale;
}

// Writes a row as products take it, at its scale.
template <class P>
UMTN_INLINE void put_at(const float* values, int vectors, std::uint32_t* row, float scale) {
  int v = 0;
  if constexpr (P::kScaled)
    for (; v + 4 <= vectors; v += 4)
      P::put_four(row, v, values + v * kLanes, scale);
  for (; v < vectors; ++v)
    P::put(row, v, load<Floats>(values + v * kLanes), scale);
}

// The same for a row whose scale is not known yet; returns it.
template <class P>
UMTN_INLINE float put_row(const float* values, int vectors, std::uint32_t* row) {
  const float scale = P::kScaled ? row_scale(greatest_magnitude(values, vectors)) : 0.0f;
  put_at<P>(values, vectors, row, scale);
  return scale;
}

// Scale of what leaves a gate, which is within -1 and 1.
constexpr float kGateScale = 1.0f / 127.0f;

} // namespace
