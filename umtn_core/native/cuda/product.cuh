// Weights times activations, in the tiles of the tensor cores.
//
// A strip is 16 rows of a matrix, packed by umtn_core/decode/cuda/cuda_weights.py, in tiles of 16
// columns. A warp multiplies it by the activations of eight streams at a time; afterwards lane
// (g, q), g = lane / 4 and q = lane % 4, holds of each eight streams:
//   sum[0], sum[1]: row g, streams 2q and 2q + 1; sum[2], sum[3]: row g + 8, likewise.
// Activations lie in memory stream after stream, `pitch` elements from one to the next. Every sum
// runs over its inputs in one order, so that a stream's samples do not depend on the others.
#pragma once

#include "platform.cuh"

UMTN_DEVICE const Quad& quad_at(const u8* at) {
  return *reinterpret_cast<const Quad*>(at);
}

// Both 16-bit precisions. Of a tile each lane holds its 16 bytes together.
struct Sixteen {
  typedef u16 Element;
  static constexpr int kElementBytes = 2;
  static constexpr int kTileBytes = 512;
  // Keeps the lanes of a warp on different banks of shared memory.
  static constexpr int kPitchMore = 8;

  // Adds the products of a batch of some strips' tiles to the sums. All of it is asked for before
  // the first of it is needed.
  template <class P, int kStrips, int kTiles, int kBatch, int kMost>
  static UMTN_DEVICE void multiply(float (&sums)[kMost][kTiles][4],
                                   const u8* const (&weights)[kMost], const u16* activations,
                                   int pitch) {
    const int lane = thread_index() & 31;
    Quad quads[kBatch][kStrips];
#pragma unroll
    for (int n = 0; n < kBatch; ++n)
#pragma unroll
      for (int i = 0; i < kStrips; ++i)
        quads[n][i] = quad_at(weights[i] + n * kTileBytes + lane * 16);
    multiply_quads<P, kStrips, kTiles, kBatch>(sums, quads, kBatch, activations, pitch);
  }

  // The same with weights that a lane has, of which the first `count` tiles are there.
  template <class P, int kStrips, int kTiles, int kBatch, int kMost>
  static UMTN_DEVICE void multiply_quads(float (&sums)[kMost][kTiles][4],
                                         const Quad (&quads)[kBatch][kStrips], int count,
                                         const u16* activations, int pitch) {
    u32 inputs[kBatch][kTiles][2];
#pragma unroll
    for (int n = 0; n < kBatch; ++n)
      load_activations<kTiles>(inputs[n], activations + (n < count ? n : 0) * 16, pitch);
#pragma unroll
    for (int n = 0; n < kBatch; ++n) {
      if (n >= count)
        break;
#pragma unroll
      for (int tile = 0; tile < kTiles; ++tile)
#pragma unroll
        for (int i = 0; i < kStrips; ++i)
          P::add_product(sums[i][tile], quads[n][i], inputs[n][tile][0], inputs[n][tile][1]);
    }
  }

private:
  // Lane (g, q) gets of each eight streams stream g at the columns 2q, 2q + 1, and eight further.
  template <int kTiles>
  static UMTN_DEVICE void load_activations(u32 (&to)[kTiles][2], const u16* from, int pitch) {
    if constexpr (kTiles % 2 == 0) {
#pragma unroll
      for (int tile = 0; tile < kTiles; tile += 2)
        load_matrices(to[tile][0], to[tile][1], to[tile + 1][0], to[tile + 1][1],
                      from + tile * 8 * pitch, pitch);
    } else {
      const int lane = thread_index() & 31;
      const u16* mine = from + (lane >> 2) * pitch + (lane & 3) * 2;
#pragma unroll
      for (int tile = 0; tile < kTiles; ++tile)
#pragma unroll
        for (int half = 0; half < 2; ++half)
          to[tile][half] = *reinterpret_cast<const u32*>(mine + tile * 8 * pitch + half * 8);
    }
  }
};

struct Fp16 : Sixteen {
  static UMTN_DEVICE u16 round(float x) { return float_to_half(x); }
  static UMTN_DEVICE float widen(u16 x) { return half_to_float(x); }
  static UMTN_DEVICE void add_product(float (&sum)[4], const Quad& a, u32 b0, u32 b1) {
    multiply_half(sum, a, b0, b1);
  }
};

struct Bf16 : Sixteen {
  static UMTN_DEVICE u16 round(float x) {
    const u32 bits = float_to_bits(x);
    // To the nearest, ties to even; what is not a number stays so.
    if ((bits & 0x7fffffffu) > 0x7f800000u)
      return static_cast<u16>(bits >> 16 | 0x40u);
    return static_cast<u16>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
  }
  static UMTN_DEVICE float widen(u16 x) { return bits_to_float(static_cast<u32>(x) << 16); }
  static UMTN_DEVICE void add_product(float (&sum)[4], const Quad& a, u32 b0, u32 b1) {
    multiply_bfloat(sum, a, b0, b1);
  }
};

// float32 by ordinary multiply-adds: tensor cores would round the factors. Of each four inputs the
// 16 rows lie behind one another.
struct Fp32 {
  typedef float Element;
  static constexpr int kElementBytes = 4;
  static constexpr int kTileBytes = 1024;
  static constexpr int kPitchMore = 4;
  static UMTN_DEVICE float round(float x) { return x; }
  static UMTN_DEVICE float widen(float x) { return x; }

  static UMTN_DEVICE void add(float& sum, const Quad& a, const Quad& b) {
    sum += bits_to_float(a.x) * bits_to_float(b.x);
    sum += bits_to_float(a.y) * bits_to_float(b.y);
    sum += bits_to_float(a.z) * bits_to_float(b.z);
    sum += bits_to_float(a.w) * bits_to_float(b.w);
  }

  template <class P, int kStrips, int kTiles, int kBatch, int kMost>
  static UMTN_DEVICE void multiply(float (&sums)[kMost][kTiles][4],
                                   const u8* const (&weights)[kMost], const float* activations,
                                   int pitch) {
    const int lane = thread_index() & 31, row = lane >> 2;
    const float* mine = activations + (lane & 3) * 2 * pitch;
#pragma unroll 2
    for (int k = 0; k < 16 * kBatch; k += 4) {
      Quad upper[kStrips], lower[kStrips];
#pragma unroll
      for (int i = 0; i < kStrips; ++i) {
        upper[i] = quad_at(weights[i] + (k * 4 + row) * 16);
        lower[i] = quad_at(weights[i] + (k * 4 + row + 8) * 16);
      }
#pragma unroll
      for (int tile = 0; tile < kTiles; ++tile) {
        const float* from = mine + tile * 8 * pitch + k;
        const Quad left = *reinterpret_cast<const Quad*>(from);
        const Quad right = *reinterpret_cast<const Quad*>(from + pitch);
#pragma unroll
        for (int i = 0; i < kStrips; ++i) {
          add(sums[i][tile][0], upper[i], left);
          add(sums[i][tile][1], upper[i], right);
          add(sums[i][tile][2], lower[i], left);
          add(sums[i][tile][3], lower[i], right);
        }
      }
    }
  }
};
