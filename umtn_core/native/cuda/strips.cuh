// What layers and codes have in common: how the warps of a block share the strips of a matrix, and
// which sums each lane has afterwards.
#pragma once

#include "layout.cuh"
#include "product.cuh"

template <class P, int kTiles>
struct Strips {
  typedef typename P::Element Element;
  typedef float Sums[kStrips][kTiles][4];
  static constexpr int kAtOnce = kWarps * kStrips; // strips of a chunk

  const Place& p;
  const int inputs; // columns of every matrix
  const int lane, warp;
  const int pitch; // elements from one stream's activations to the next's
  const int bytes; // of a strip

  UMTN_DEVICE Strips(const Place& place, int columns)
      : p(place), inputs(columns), lane(thread_index() & 31), warp(thread_index() >> 5),
        pitch(columns + P::kPitchMore), bytes(16 * columns * P::kElementBytes) {}

  // Strips of this warp, spread so that few strips still keep all warps busy.
  UMTN_DEVICE int number(int chunk, int i) const { return chunk * kAtOnce + i * kWarps + warp; }

  UMTN_DEVICE static void clear(Sums& sums) {
#pragma unroll
    for (int i = 0; i < kStrips; ++i)
#pragma unroll
      for (int tile = 0; tile < kTiles; ++tile)
#pragma unroll
        for (int j = 0; j < 4; ++j)
          sums[i][tile][j] = 0.0f;
  }

  // Adds the products of a chunk's strips. Those of the matrix have the numbers `from` to `end` and
  // lie from `at` on; `hole` is `before` of Place::strip.
  UMTN_DEVICE void multiply(Sums& sums, i64 at, int chunk, int from, int end,
                            const Element* activations, i64 hole = 0) const {
    const u8* strips[kStrips];
#pragma unroll
    for (int i = 0; i < kStrips; ++i) {
      const int n = number(chunk, i);
      strips[i] = n >= from && n < end
                      ? p.strip(at + static_cast<i64>(n - from) * bytes, bytes, hole)
                      : nullptr;
    }
    P::template multiply<P, kTiles>(sums, strips, activations, pitch, inputs);
  }

  // Calls `use(i, number)` for this warp's strips of a chunk, but for those from `end` on.
  template <class Use>
  UMTN_DEVICE void each_strip(int chunk, int end, const Use& use) const {
#pragma unroll
    for (int i = 0; i < kStrips; ++i) {
      const int n = number(chunk, i);
      if (n < end)
        use(i, n);
    }
  }

  // Calls `use(tile, j, stream, row)` for each of this lane's sums of strip `number`, which are
  // `sums[i][tile][j]`: they are of that stream of the group and that row of the matrix.
  template <class Use>
  UMTN_DEVICE void each_sum(int number, const Use& use) const {
#pragma unroll
    for (int tile = 0; tile < kTiles; ++tile)
#pragma unroll
      for (int j = 0; j < 4; ++j)
        use(tile, j, tile * 8 + (lane & 3) * 2 + (j & 1), number * 16 + (lane >> 2) + (j >> 1) * 8);
  }
};
