// Stands in for platform.cuh on a processor, so that the kernels' own sources can be tested where
// there is no GPU.
//
// Threads of a block are fibers that take turns: one runs until it has to wait, for its block or
// for another. Products of tensor cores go by the fragment layouts in the PTX ISA,
// section "Matrix Fragments for mma.m16n8k16 with floating point type". What this cannot show: the
// order in which a GPU makes memory visible, its rounding inside a product, and its speed.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#define UMTN_CONSTANT
#define UMTN_DEVICE inline
#define UMTN_OUTLINE inline
#define UMTN_KERNEL(threads) static void
#define __restrict__

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned u32;
typedef unsigned long long u64;
typedef long long i64;

struct alignas(16) Quad {
  u32 x, y, z, w;
};

// In emulation.cpp.
int thread_index();
int block_index();
int block_count();
void block_sync();
void cluster_sync();
void warp_sync();
void let_others();
// Turns of waiting of all threads together.
u64 clock_now();
// A thread's copies take place when it waits for them, and no sooner.
typedef u8* CopyTarget;
inline CopyTarget copy_target(u8* memory) {
  return memory;
}
void copy_ahead(CopyTarget to, const u8* from);
void commit_copies();
void wait_for_copies(int newest);
template <int kNewest>
inline void wait_copies() {
  wait_for_copies(kNewest);
}
u8* shared_memory();
u64* in_peer(u64* here, int rank);
u64 shuffle(u64 value, int lane);
bool any_lane(bool value);

// Rows lie on 16 bytes; lane (g, q) gets of row g and of row g + 8 two elements each at 2q and 2q
// + 8.
inline void load_matrices(u32& a0, u32& a1, u32& b0, u32& b1, const u16* from, int pitch) {
  const int lane = thread_index() & 31;
  const u16* mine = from + (lane >> 2) * pitch + (lane & 3) * 2;
  u32* const to[] = {&a0, &a1, &b0, &b1};
  for (int i = 0; i < 4; ++i)
    __builtin_memcpy(to[i], mine + i / 2 * 8 * pitch + i % 2 * 8, 4);
}

struct Fragments {
  Quad a;
  u32 b0, b1;
};
// Shows a lane's fragments to its warp; returns those of all 32 lanes.
const Fragments* exchange(const Fragments& mine);

inline u32 shuffle(u32 value, int lane) {
  return static_cast<u32>(shuffle(static_cast<u64>(value), lane));
}

inline u64 load_word(const u64* at) {
  return __atomic_load_n(at, __ATOMIC_RELAXED);
}
inline void store_word(u64* at, u64 word) {
  __atomic_store_n(at, word, __ATOMIC_RELAXED);
}
inline u32 load_credit(const u32* at) {
  return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}
inline void store_credit(u32* at, u32 value) {
  __atomic_store_n(at, value, __ATOMIC_RELEASE);
}

inline u32 load_flag(const u32* at) {
  return __atomic_load_n(at, __ATOMIC_RELAXED);
}
inline void store_flag(u32* at, u32 value) {
  __atomic_store_n(at, value, __ATOMIC_RELAXED);
}
inline u32 multiply_upper(u32 a, u32 b) {
  return static_cast<u32>(static_cast<u64>(a) * b >> 32);
}
inline float exponential(float x) {
  return std::exp(x);
}
inline float reciprocal(float x) {
  return 1.0f / x;
}
using std::exp;

template <class To, class From>
inline To same_bits(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  __builtin_memcpy(&to, &from, sizeof to);
  return to;
}
inline float bits_to_float(u32 bits) {
  return same_bits<float>(bits);
}
inline u32 float_to_bits(float x) {
  return same_bits<u32>(x);
}
inline double bits_to_double(u64 bits) {
  return same_bits<double>(bits);
}
inline u64 double_to_bits(double x) {
  return same_bits<u64>(x);
}
inline u16 float_to_half(float x) {
  return same_bits<u16>(static_cast<_Float16>(x));
}
inline float half_to_float(u16 half) {
  return static_cast<float>(same_bits<_Float16>(half));
}

// d = a b + d. Lane 4 g + q holds of a, two elements in each of four registers, the rows g and
// g + 8 at the columns 2q, 2q + 1 (x, y), then at the columns 2q + 8, 2q + 9 (z, w); of b column
// g, at the rows 2q, 2q + 1 (b0) and 2q + 8, 2q + 9 (b1); of d the rows g (0, 1) and g + 8 (2, 3)
// at the columns 2q, 2q + 1.
template <float (*kWiden)(u16)>
inline void multiply_fragments(float (&sum)[4], const Quad& a, u32 b0, u32 b1) {
  const Fragments* lanes = exchange({a, b0, b1});
  const int lane = thread_index() & 31, g = lane >> 2, q = lane & 3;
  for (int k = 0; k < 16; ++k) {
    const int owner = k % 8 / 2, shift = k % 2 * 16;
    const Quad& weights = lanes[4 * g + owner].a;
    const float upper = kWiden(static_cast<u16>((k < 8 ? weights.x : weights.z) >> shift));
    const float lower = kWiden(static_cast<u16>((k < 8 ? weights.y : weights.w) >> shift));
    for (int column = 0; column < 2; ++column) {
      const Fragments& other = lanes[4 * (2 * q + column) + owner];
      const float value = kWiden(static_cast<u16>((k < 8 ? other.b0 : other.b1) >> shift));
      sum[column] += upper * value;
      sum[column + 2] += lower * value;
    }
  }
}

inline float bfloat_to_float(u16 x) {
  return bits_to_float(static_cast<u32>(x) << 16);
}

inline void multiply_half(float (&sum)[4], const Quad& a, u32 b0, u32 b1) {
  multiply_fragments<half_to_float>(sum, a, b0, b1);
}
inline void multiply_bfloat(float (&sum)[4], const Quad& a, u32 b0, u32 b1) {
  multiply_fragments<bfloat_to_float>(sum, a, b0, b1);
}
