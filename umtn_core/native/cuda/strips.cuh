// How the warps of a block share the strips of a matrix, where the strips come from, and which sums
// each lane has afterwards.
//
// Where a block takes its streams through all layers, weights come through a queue: a warp has the
// next few batches of its own strips copied to its part of shared memory while it multiplies those
// before, from one product to the next without a break. So it must be known ahead which product
// comes next (Program). Where that is not so, what is not in shared memory is read through the L2
// cache.
#pragma once

#include "clocks.cuh"
#include "product.cuh"

// A matrix as it is packed: so many strips of so many tiles from a place on, in pieces of 16 bytes.
// `hole` is `before` of Place::near.
struct Matrix {
  u32 at;
  int strips, tiles;
  u32 hole;
};

// All products of a block that takes its streams through all layers, in the order in which it makes
// them, over and over.
template <class K>
class Program {
  enum Part { kGates, kOut, kHidden, kLogits };
  static constexpr int kAtOnce = K::kWarps * K::kStrips, kOutAtOnce = K::kWarps * K::kOutStrips;

  const umtn_cuda_work& w;
  Part part = kGates;
  int l = 0, chunk = 0, tap = 0, band = 0;

public:
  UMTN_DEVICE explicit Program(const umtn_cuda_work& work) : w(work) {}

  // The product that is at hand: its matrix, which strips of it.
  UMTN_DEVICE Matrix matrix() const {
    switch (part) {
    case kGates:
      return taps(w, l, tap);
    case kOut:
      return tap ? first_skip(w) : out(w, l);
    case kHidden:
      return hidden(w);
    default:
      return logits(w, band, 0);
    }
  }
  UMTN_DEVICE int chunk_at_hand() const { return chunk; }
  UMTN_DEVICE int strips_at_once() const { return part == kOut ? K::kOutStrips : K::kStrips; }

  UMTN_DEVICE void advance() {
    if (part == kGates) {
      if (++tap < w.kernel)
        return;
      tap = 0;
      if (++chunk * kAtOnce < matrix().strips)
        return;
      chunk = 0;
      part = kOut;
    } else if (part == kOut) {
      // The first layer's input goes to the skips as well.
      if (l == 0 && tap == 0) {
        tap = 1;
        return;
      }
      tap = 0;
      if (++chunk * kOutAtOnce < matrix().strips)
        return;
      chunk = 0;
      part = ++l < w.layer_count ? kGates : kHidden;
    } else if (part == kHidden) {
      if (++chunk * kAtOnce < matrix().strips)
        return;
      chunk = 0;
      part = kLogits;
    } else {
      if (++chunk * kAtOnce < matrix().strips)
        return;
      chunk = 0;
      band += w.logits_bands;
      if (band < w.bands)
        return;
      band = l = 0;
      part = kGates;
    }
  }

  // The matrices. A strip of the taps holds eight channels' gates and their filters.
  static UMTN_DEVICE Matrix taps(const umtn_cuda_work& w, int l, int tap) {
    const int tiles = w.residual_padded / 16, strips = 2 * tiles;
    // The newest lies first, the older ones behind what goes out.
    const int at = tap + 1 == w.kernel ? 0 : out_strips(w) + (tap + 1) * strips;
    return {layer(w, l) + at * strip(tiles), strips, tiles, 0};
  }
  static UMTN_DEVICE Matrix out(const umtn_cuda_work& w, int l) {
    const int tiles = w.residual_padded / 16;
    return {layer(w, l) + 2 * tiles * strip(tiles), out_strips(w), tiles, 0};
  }
  static UMTN_DEVICE Matrix first_skip(const umtn_cuda_work& w) {
    return {pieces(w.first_skip_at), out_strips(w), w.residual_padded / 16, 0};
  }
  static UMTN_DEVICE Matrix hidden(const umtn_cuda_work& w) {
    return {pieces(w.fc_at), w.skip_padded / 16, w.skip_padded / 16, 0};
  }
  static UMTN_DEVICE Matrix logits(const umtn_cuda_work& w, int band, u32 hole) {
    const int tiles = w.skip_padded / 16, strips = kLevels / 16;
    return {pieces(w.logits_at) + band * strips * strip(tiles), w.logits_bands * strips, tiles,
            hole};
  }

  static UMTN_DEVICE u32 strip(int tiles) { return tiles * (K::P::kTileBytes / 16); }

private:
  static UMTN_DEVICE u32 layer(const umtn_cuda_work& w, int l) { return l * pieces(w.layer_bytes); }
  static UMTN_DEVICE int out_strips(const umtn_cuda_work& w) {
    return (w.residual_padded + w.skip_padded) / 16;
  }
};

// Where a warp's strips of a product lie.
template <class K>
struct Sources {
  static constexpr u32 kNear = 0x80000000u;
  // In pieces of 16 bytes: from the beginning of all weights on, or, marked, of this block's
  // memory.
  u32 at[K::kStrips];
  int tiles;

  // Strips are dealt out so that few of them still keep all warps busy. A warp without a strip
  // multiplies the last one, for nothing.
  UMTN_DEVICE void find(const Place<K>& p, const Matrix& m, int chunk, int strips_at_once) {
    const u32 size = Program<K>::strip(m.tiles);
    tiles = m.tiles;
#pragma unroll
    for (int i = 0; i < K::kStrips; ++i) {
      const int n = (chunk * strips_at_once + i) * K::kWarps + (thread_index() >> 5);
      const u32 far = m.at + (n < m.strips ? n : m.strips - 1) * size;
      at[i] = p.is_near(far, size, m.hole) ? kNear | p.near(far, m.hole) : far;
    }
  }

  UMTN_DEVICE bool is_near(int i) const { return at[i] & kNear; }
  UMTN_DEVICE bool all_near(int count) const {
    u32 marks = at[0];
#pragma unroll
    for (int i = 1; i < K::kStrips; ++i)
      if (i < count)
        marks &= at[i];
    return marks & kNear;
  }
  UMTN_DEVICE const u8* near(const Place<K>& p, int i) const {
    return p.memory + static_cast<int>(at[i] & ~kNear) * 16;
  }
  UMTN_DEVICE const u8* far(const Place<K>& p, int i) const {
    return p.w.weights + static_cast<i64>(at[i]) * 16;
  }
  UMTN_DEVICE int batches() const { return (tiles + K::kBatch - 1) / K::kBatch; }
};

// A warp's queue of weights on their way: as many batches ahead as it has slots but one, whichever
// products they are of. The last batch of a strip may bring some of what lies behind it.
template <class K>
class Queue {
  static constexpr int kStripBytes = K::kBatch * K::P::kTileBytes;
  static constexpr int kBytes = K::kStrips * kStripBytes; // of a slot
  const Place<K>& p;
  const int ahead;
  u8* const mine;
  const CopyTarget target;    // the same place
  int reading, writing;       // slots, in bytes
  Program<K> program;         // its product is the one that is sent for
  const u8* next[K::kStrips]; // of its batches; NULL where they need not be sent for
  int left;                   // of them

public:
  UMTN_DEVICE explicit Queue(const Place<K>& place)
      : p(place), ahead(K::kShared && !K::kSends ? place.w.queue_ahead : 0),
        mine(place.queue() + (thread_index() >> 5) * (ahead + 1) * kBytes),
        target(copy_target(mine)), reading(0), writing(0), program(place.w), left(0) {}

  UMTN_DEVICE bool is_used() const { return K::kShared && !K::kSends && ahead > 0; }

  // Sends for the first batches.
  UMTN_DEVICE void start() {
    if (!is_used())
      return;
    find();
#pragma unroll 1
    for (int batch = 0; batch < ahead; ++batch)
      send();
  }

  // Waits for the next batch, and sends for another in its stead. Returns where the batch is.
  UMTN_DEVICE const u8* take() {
    if (ahead == 8)
      wait_copies<7>();
    else if (ahead == 4)
      wait_copies<3>();
    else if (ahead == 2)
      wait_copies<1>();
    else
      wait_copies<0>();
    // Every lane's copies are there now, and all have read what lay where the new ones go.
    warp_sync();
    send();
    const u8* here = mine + reading;
    reading = advanced(reading);
    return here;
  }

private:
  UMTN_DEVICE int advanced(int slot) const { return slot == ahead * kBytes ? 0 : slot + kBytes; }

  UMTN_DEVICE void find() {
    const int strips = program.strips_at_once();
    Sources<K> from;
    from.find(p, program.matrix(), program.chunk_at_hand(), strips);
    left = from.batches();
#pragma unroll
    for (int i = 0; i < K::kStrips; ++i)
      next[i] =
          i < strips && !from.is_near(i) ? from.far(p, i) + (thread_index() & 31) * 16 : nullptr;
  }

  UMTN_DEVICE void send() {
    if (left == 0) {
      program.advance();
      find();
    }
    --left;
    const CopyTarget slot = target + writing + (thread_index() & 31) * 16;
#pragma unroll
    for (int i = 0; i < K::kStrips; ++i)
      if (next[i]) {
#pragma unroll
        for (int at = 0; at < kStripBytes; at += 512)
          copy_ahead(slot + i * kStripBytes + at, next[i] + at);
        next[i] += kStripBytes;
      }
    commit_copies();
    writing = advanced(writing);
  }
};

template <class K>
struct Strips {
  typedef typename K::P P;
  typedef typename P::Element Element;
  typedef float Sums[K::kStrips][K::kTiles][4];
  static constexpr int kAtOnce = K::kWarps * K::kStrips; // strips of a chunk
  static constexpr int kOutAtOnce = K::kWarps * K::kOutStrips;

  const Place<K>& p;
  Queue<K>& queue;
  const int lane, warp;
  const int pitch; // elements from one stream's activations to the next's

  UMTN_DEVICE Strips(const Place<K>& place, Queue<K>& weights, int columns)
      : p(place), queue(weights), lane(thread_index() & 31), warp(thread_index() >> 5),
        pitch(columns + P::kPitchMore) {}

  template <int kStrips = K::kStrips>
  UMTN_DEVICE int number(int chunk, int i) const {
    return (chunk * kStrips + i) * K::kWarps + warp;
  }

  UMTN_DEVICE static void clear(Sums& sums) {
#pragma unroll
    for (int i = 0; i < K::kStrips; ++i)
#pragma unroll
      for (int tile = 0; tile < K::kTiles; ++tile)
#pragma unroll
        for (int j = 0; j < 4; ++j)
          sums[i][tile][j] = 0.0f;
  }

  // Takes the strips of a matrix's first chunk into registers, and multiplies them from there.
  template <int kStrips>
  UMTN_DEVICE void hold(Quad (&held)[kHeldTiles][kStrips], const Matrix& matrix) const {
    Sources<K> from;
    from.find(p, matrix, 0, kStrips);
#pragma unroll
    for (int i = 0; i < kStrips; ++i) {
      const u8* strip = from.is_near(i) ? from.near(p, i) : from.far(p, i);
#pragma unroll
      for (int n = 0; n < kHeldTiles; ++n)
        held[n][i] = quad_at(strip + (n < from.tiles ? n : 0) * P::kTileBytes + lane * 16);
    }
  }
  template <int kStrips>
  UMTN_DEVICE void multiply_held(Sums& sums, const Quad (&held)[kHeldTiles][kStrips], int tiles,
                                 const Element* activations) const {
    P::template multiply_quads<P, kStrips, K::kTiles, kHeldTiles>(sums, held, tiles, activations,
                                                                  pitch);
  }

  // Adds the products of a chunk's strips. Where a warp has no strip, its sums mean nothing.
  template <int kStrips = K::kStrips>
  UMTN_DEVICE void multiply(Sums& sums, const Matrix& matrix, int chunk,
                            const Element* activations) const {
    Sources<K> now;
    now.find(p, matrix, chunk, kStrips);
    const int batches = now.batches();
#pragma unroll 1
    for (int batch = 0; batch < batches; ++batch) {
      const int first = batch * K::kBatch;
      const Element* inputs = activations + first * 16;
      const u8* from[K::kStrips];
      // Apart, so that the compiler knows of one of them that all lies in shared memory.
      if (K::kShared && (queue.is_used() || now.all_near(kStrips))) {
        const u8* slot = queue.is_used() ? queue.take() : p.memory;
#pragma unroll
        for (int i = 0; i < kStrips; ++i)
          from[i] = now.is_near(i) ? now.near(p, i) + first * P::kTileBytes
                                   : slot + i * K::kBatch * P::kTileBytes;
        multiply_batch<kStrips>(sums, from, now.tiles - first, inputs);
      } else {
#pragma unroll
        for (int i = 0; i < kStrips; ++i)
          from[i] = (now.is_near(i) ? now.near(p, i) : now.far(p, i)) + first * P::kTileBytes;
        multiply_batch<kStrips>(sums, from, now.tiles - first, inputs);
      }
    }
  }

  // Calls `use(i, number)` for this warp's strips of a chunk, but for those from `end` on.
  template <int kStrips = K::kStrips, class Use>
  UMTN_DEVICE void each_strip(int chunk, int end, const Use& use) const {
#pragma unroll
    for (int i = 0; i < kStrips; ++i) {
      const int n = number<kStrips>(chunk, i);
      if (n < end)
        use(i, n);
    }
  }

  // Calls `use(tile, j, stream, row)` for each of this lane's sums of strip `number`, which are
  // `sums[i][tile][j]`: they are of that stream of the group and that row of the matrix.
  template <class Use>
  UMTN_DEVICE void each_sum(int number, const Use& use) const {
#pragma unroll
    for (int tile = 0; tile < K::kTiles; ++tile)
#pragma unroll
      for (int j = 0; j < 4; ++j)
        use(tile, j, tile * 8 + (lane & 3) * 2 + (j & 1), number * 16 + (lane >> 2) + (j >> 1) * 8);
  }

private:
  // A batch, or what is left of a strip.
  template <int kStrips>
  UMTN_DEVICE void multiply_batch(Sums& sums, const u8* (&from)[K::kStrips], int left,
                                  const Element* inputs) const {
    if (left >= K::kBatch) {
      P::template multiply<P, kStrips, K::kTiles, K::kBatch>(sums, from, inputs, pitch);
      return;
    }
#pragma unroll 1
    for (; left > 0; --left, inputs += 16) {
      P::template multiply<P, kStrips, K::kTiles, 1>(sums, from, inputs, pitch);
#pragma unroll
      for (int i = 0; i < kStrips; ++i)
        from[i] += P::kTileBytes;
    }
  }
};
