// The product that everything consists of: a matrix in panels times the activations of some rows
// (a row is one stream at one time), added to what is there.
//
// Every sum runs over the inputs in order, in one chain, whatever the number of rows or threads:
// a stream's numbers do not depend on what is computed beside it, to the last bit.
#pragma once

#include "precision.hpp"

namespace {

struct Product {
  const umtn::Matrix* matrix;
  const std::uint32_t* activations; // (rows, activation_stride)
  std::int64_t activation_stride;
  // So many matrices, the first of which is `matrix` and which share its panels, are multiplied by
  // inputs[i] each in place of `activations`. Not for int8, whose sums have scales of their own.
  int parts;
  const std::uint32_t* const* inputs;
  const float* activation_scales; // int8: one a row; NULL for kGateScale
  const float* start;             // (rows, start_stride): what the product is added to
  std::int64_t start_stride;
  const float* bias; // added to every row
  float* out;        // (rows, out_stride)
  std::int64_t out_stride;
  std::uint32_t* gated; // (rows, gated_stride): written by Gate in place of out
  std::int64_t gated_stride;
};

// How a tile ends: each is given all sums of one row in a panel.
struct Keep {
  template <class P, int Vectors>
  static UMTN_INLINE void end(const Product& p, std::int64_t row, int first, const Floats* sums) {
    for (int m = 0; m < Vectors; ++m)
      store(p.out + row * p.out_stride + (first + m) * kLanes, sums[m]);
  }
};

struct Rectify {
  template <class P, int Vectors>
  static UMTN_INLINE void end(const Product& p, std::int64_t row, int first, const Floats* sums) {
    for (int m = 0; m < Vectors; ++m) {
      const Floats kept = sums[m] <= 0 ? Floats{} : sums[m]; // a NaN is kept
      store(p.out + row * p.out_stride + (first + m) * kLanes, kept);
    }
  }
};

// The first half of a panel are gates, the second their filters.
struct Gate {
  template <class P, int Vectors>
  static UMTN_INLINE void end(const Product& p, std::int64_t row, int first, const Floats* sums) {
    constexpr int half = Vectors / 2;
    for (int m = 0; m < half; ++m)
      P::put(p.gated + row * p.gated_stride, first / 2 + m,
             gated_unit<P::kGateDegree>(sums[m], sums[half + m]), kGateScale);
  }
};

// What of the panel behind this one is to be brought nearer meanwhile, a line for each group.
struct Ahead {
  const char* from;
  int step;
};

template <class P, class End, int Rows, int Vectors>
void tile(const Product& p, const std::uint32_t* weights, int first, std::int64_t row, Ahead next) {
  typename P::Sum sums[Rows][Vectors];
  const float* start = p.start + row * p.start_stride + first * kLanes;
  const float* bias = p.bias + first * kLanes;
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r)
    for (int m = 0; m < Vectors; ++m) {
      if constexpr (P::kScaled)
        sums[r][m] = load<Ints>(p.matrix->offsets + (first + m) * kLanes);
      else
        sums[r][m] =
            load<Floats>(start + r * p.start_stride + m * kLanes) + load<Floats>(bias + m * kLanes);
    }

  const std::int64_t stride = p.activation_stride;
  const int groups = p.matrix->groups, parts = P::kScaled ? 1 : p.parts;
  for (int part = 0; part < parts; ++part) {
    const std::uint32_t* x = (p.inputs ? p.inputs[part] : p.activations) + row * stride;
    for (int g = 0; g < groups; ++g) {
      Units w[Vectors];
      for (int m = 0; m < Vectors; ++m)
        w[m] = load<Units>(weights + m * kLanes);
      for (int r = 0; r < Rows; ++r)
        for (int m = 0; m < Vectors; ++m)
          P::add_product(sums[r][m], w[m], x[r * stride + g]);
      weights += Vectors * kLanes;
      __builtin_prefetch(next.from, 0, 2);
      next.from += next.step;
    }
  }

#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r) {
    if constexpr (P::kScaled) {
      const float scale = p.activation_scales ? p.activation_scales[row + r] : kGateScale;
      Floats values[Vectors];
      for (int m = 0; m < Vectors; ++m)
        values[m] = (load<Floats>(start + r * p.start_stride + m * kLanes) +
                     load<Floats>(bias + m * kLanes)) +
                    __builtin_convertvector(sums[r][m], Floats) *
                        (load<Floats>(p.matrix->scales + (first + m) * kLanes) * scale);
      End::template end<P, Vectors>(p, row + r, first, values);
    } else {
      // A copy: what is pointed to would be kept in memory, not in registers.
      Floats values[Vectors];
      for (int m = 0; m < Vectors; ++m)
        values[m] = sums[r][m];
      End::template end<P, Vectors>(p, row + r, first, values);
    }
  }
}

template <class P, class End, int Vectors>
void panel(const Product& p, const std::uint32_t* weights, int first, int rows) {
  // As many tiles as needed, as equal as can be: full ones would leave a poor rest.
  const int tiles = (rows + kTile - 1) / kTile;
  // The weights come from further away than the next level of memory: each tile asks for its share
  // of those to come.
  const int groups = p.matrix->groups * p.parts;
  Ahead next = {reinterpret_cast<const char*>(
                    weights + static_cast<std::int64_t>(p.matrix->all_groups) * Vectors * kLanes),
                Vectors * kLanes * 4 / tiles};
  std::int64_t row = 0;
  for (int t = 0; t < tiles; ++t) {
    const int size = rows / tiles + (t < rows % tiles);
    switch (size) {
    case 1:
      tile<P, End, 1, Vectors>(p, weights, first, row, next);
      break;
    case 2:
      tile<P, End, 2, Vectors>(p, weights, first, row, next);
      break;
    case 3:
      tile<P, End, 3, Vectors>(p, weights, first, row, next);
      break;
    case 4:
      tile<P, End, 4, Vectors>(p, weights, first, row, next);
      break;
    case 5:
      tile<P, End, 5, Vectors>(p, weights, first, row, next);
      break;
    default:
      tile<P, End, 6, Vectors>(p, weights, first, row, next);
    }
    row += size;
    next.from += static_cast<std::int64_t>(groups) * next.step;
  }
}

// A thread's part of some whole.
struct Part {
  int begin, end;
};

UMTN_INLINE Part part_of(int whole, int thread, int threads) {
  return {static_cast<int>(static_cast<std::int64_t>(whole) * thread / threads),
          static_cast<int>(static_cast<std::int64_t>(whole) * (thread + 1) / threads)};
}

UMTN_INLINE int panels_of(const umtn::Matrix& matrix) {
  return (matrix.vectors + kPanel - 1) / kPanel;
}

// The vectors of output rows that a thread computes.
UMTN_INLINE Part vectors_of(const umtn::Matrix& matrix, int thread, int threads) {
  const Part panels = part_of(panels_of(matrix), thread, threads);
  const int end = panels.end * kPanel;
  return {panels.begin * kPanel, end < matrix.vectors ? end : matrix.vectors};
}

template <class P, class End>
void multiply(const Product& p, int rows, int thread, int threads) {
  const Part vectors = vectors_of(*p.matrix, thread, threads);
  for (int first = vectors.begin; first < vectors.end; first += kPanel) {
    const int left = vectors.end - first, width = left < kPanel ? left : kPanel;
    const std::uint32_t* weights =
        p.matrix->data + (static_cast<std::int64_t>(first) * p.matrix->all_groups +
                          static_cast<std::int64_t>(width) * p.matrix->first_group) *
                             kLanes;
    if (width == kPanel)
      panel<P, End, kPanel>(p, weights, first, rows);
    else if (width == 1)
      panel<P, End, 1>(p, weights, first, rows);
    else if (width == 2)
      panel<P, End, 2>(p, weights, first, rows);
    else
      panel<P, End, 3>(p, weights, first, rows);
  }
}

} // namespace
