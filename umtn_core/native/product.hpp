// The product that everything consists of: a matrix in panels times the activations of some rows
// (a row is one stream at one time), added to what is there.
//
// Every sum runs over the inputs in order, in one chain, whatever the number of rows or threads:
// a stream's numbers do not depend on what is computed beside it, to the last bit.
#pragma once

#include "precision.hpp"

namespace {

// Memory that will be wanted soon, asked for little by little: more at once than the processor can
// keep in mind would hold it up.
class Errands {
public:
  void clear() { count_ = next_ = 0; }
  void add(const void* from, std::int64_t bytes) {
    if (count_ < kMost)
      errands_[count_++] = {static_cast<const char*>(from), (bytes + kLine - 1) / kLine};
  }
  // So that all is asked for when `run` has been called so many times.
  void share(std::int64_t calls) {
    std::int64_t lines = 0;
    for (int i = 0; i < count_; ++i)
      lines += errands_[i].lines;
    quota_ = (lines + calls - 1) / calls;
  }
  void run() {
    for (std::int64_t left = quota_; next_ < count_; ++next_) {
      Errand& errand = errands_[next_];
      for (; errand.lines > 0; --errand.lines, errand.from += kLine)
        if (left-- > 0)
          __builtin_prefetch(errand.from, 0, 2);
        else
          return;
    }
  }

private:
  struct Errand {
    const char* from;
    std::int64_t lines;
  };
  static constexpr int kLine = 64, kMost = 6;
  Errand errands_[kMost];
  int count_ = 0, next_ = 0;
  std::int64_t quota_ = 0;
};

struct Product {
  // So many matrices, which share their panels, are multiplied by an input each.
  int parts;
  const umtn::Matrix* matrix;
  const umtn::Input* inputs;
  std::int64_t activation_stride;
  const float* start; // (rows, start_stride): what the product is added to
  std::int64_t start_stride;
  const float* bias; // added to every row
  float* out;        // (rows, out_stride)
  std::int64_t out_stride;
  std::uint32_t* gated; // (rows, gated_stride): written by Gate in place of out
  std::int64_t gated_stride;
  Errands* errands; // run after each tile; NULL for none
};

// A NaN is kept.
UMTN_INLINE Floats rectified(Floats values) {
  return values <= 0 ? Floats{} : values;
}

// How a tile ends: each of these is given all its sums. This one writes them as they are, or
// without what is negative.
template <bool Rectified>
struct Write {
  static constexpr bool kBiased = true;
  template <class P, int Rows, int Vectors>
  static UMTN_INLINE void end(const Product& p, std::int64_t row, int first,
                              Floats (&sums)[Rows][Vectors]) {
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r)
      for (int m = 0; m < Vectors; ++m)
        store(p.out + (row + r) * p.out_stride + (first + m) * kLanes,
              Rectified ? rectified(sums[r][m]) : sums[r][m]);
  }
};

using Keep = Write<false>;
using Rectify = Write<true>;

// As the next product takes it; for precisions without scales.
struct RectifyInto {
  static constexpr bool kBiased = true;
  template <class P, int Rows, int Vectors>
  static UMTN_INLINE void end(const Product& p, std::int64_t row, int first,
                              Floats (&sums)[Rows][Vectors]) {
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r)
      for (int m = 0; m < Vectors; ++m)
        P::put(p.gated + (row + r) * p.gated_stride, first + m, rectified(sums[r][m]), 0.0f);
  }
};

// The first half of a panel are gates, the second their filters.
struct Gate {
  static constexpr bool kBiased = false;
  template <class P, int Rows, int Vectors>
  static UMTN_INLINE void end(const Product& p, std::int64_t row, int first,
                              Floats (&sums)[Rows][Vectors]) {
    constexpr int half = Vectors / 2;
    if constexpr (half > 0) {
      Floats gates[Rows * half], filters[Rows * half];
#pragma GCC unroll 8
      for (int r = 0; r < Rows; ++r)
        for (int m = 0; m < half; ++m) {
          gates[r * half + m] = sums[r][m];
          filters[r * half + m] = sums[r][half + m];
        }
      pass_gates<P::kGateDegree, 0>(gates, filters);
#pragma GCC unroll 8
      for (int r = 0; r < Rows; ++r)
        for (int m = 0; m < half; ++m)
          P::put(p.gated + (row + r) * p.gated_stride, first / 2 + m, gates[r * half + m],
                 kGateScale);
    }
  }
};

// What of the panel behind this one is to be brought nearer meanwhile, a line for each group.
struct Ahead {
  const char* from;
  int step;
};

// Adds the products of one matrix's panel and some rows to `sums`.
template <class P, int Rows, int Vectors>
UMTN_INLINE void add_products(typename P::Sum (&sums)[Rows][Vectors], int groups,
                              const std::uint32_t*& weights, const std::uint32_t* x,
                              std::int64_t stride, Ahead& next) {
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

// What a sum is added to.
template <class End>
UMTN_INLINE Floats start_of(const Product& p, int vector, std::int64_t row) {
  const Floats start = load<Floats>(p.start + row * p.start_stride + vector * kLanes);
  if constexpr (End::kBiased)
    return start + load<Floats>(p.bias + vector * kLanes);
  else
    return start;
}

// Sums of whole numbers, each worth the scales of its row and its column. What they are added to
// comes only when the first are there: no register holds it meanwhile.
template <class P, class End, bool First, int Rows, int Vectors>
UMTN_INLINE void add_scaled(const Product& p, int part, int first, std::int64_t row,
                            const std::uint32_t*& weights, Ahead& next,
                            Floats (&totals)[Rows][Vectors]) {
  const umtn::Matrix& matrix = p.matrix[part];
  const std::int64_t stride = p.activation_stride;
  typename P::Sum sums[Rows][Vectors];
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r)
    for (int m = 0; m < Vectors; ++m)
      sums[r][m] = load<Ints>(matrix.offsets + (first + m) * kLanes);
  add_products<P>(sums, matrix.groups, weights, p.inputs[part].rows + row * stride, stride, next);
  const float* scales = p.inputs[part].scales;
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r) {
    const float scale = scales ? scales[row + r] : kGateScale;
    for (int m = 0; m < Vectors; ++m) {
      const Floats sum = __builtin_convertvector(sums[r][m], Floats);
      const Floats worth = load<Floats>(matrix.scales + (first + m) * kLanes) * scale;
      if constexpr (First)
        totals[r][m] = start_of<End>(p, first + m, row + r);
      totals[r][m] += sum * worth;
    }
  }
}

template <class P, class End, int Rows, int Vectors>
void tile(const Product& p, const std::uint32_t* weights, int first, std::int64_t row, Ahead next) {
  Floats totals[Rows][Vectors];
  if constexpr (P::kScaled) {
    add_scaled<P, End, true>(p, 0, first, row, weights, next, totals);
    for (int part = 1; part < p.parts; ++part)
      add_scaled<P, End, false>(p, part, first, row, weights, next, totals);
  } else {
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r)
      for (int m = 0; m < Vectors; ++m)
        totals[r][m] = start_of<End>(p, first + m, row + r);
    const std::int64_t stride = p.activation_stride;
    for (int part = 0; part < p.parts; ++part)
      add_products<P>(totals, p.matrix[part].groups, weights, p.inputs[part].rows + row * stride,
                      stride, next);
  }
  End::template end<P>(p, row, first, totals);
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
    if (p.errands)
      p.errands->run();
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
