// The few things that the kernels ask of the chip. The tests put another file in this one's place
// that does the same on a processor; nothing else in the kernels knows which one it is.
#pragma once

#ifdef UMTN_EMULATED
#include "emulation.hpp"
#else

#define UMTN_KERNEL(threads) extern "C" __global__ void __launch_bounds__(threads, 1)
#define UMTN_CONSTANT __grid_constant__
#define UMTN_DEVICE __device__ __forceinline__
// For what is rarely called: a copy of it in every kernel would only cost time.
#define UMTN_OUTLINE __device__ __noinline__

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned u32;
typedef unsigned long long u64;
typedef long long i64;

struct alignas(16) Quad {
  u32 x, y, z, w;
};

UMTN_DEVICE int thread_index() {
  return static_cast<int>(threadIdx.x);
}
UMTN_DEVICE int block_index() {
  return static_cast<int>(blockIdx.x);
}
UMTN_DEVICE int block_count() {
  return static_cast<int>(gridDim.x);
}
UMTN_DEVICE void block_sync() {
  __syncthreads();
}
UMTN_DEVICE void warp_sync() {
  __syncwarp();
}
UMTN_DEVICE u64 clock_now() {
  return static_cast<u64>(clock64());
}

UMTN_DEVICE u8* shared_memory() {
  extern __shared__ __align__(16) u8 memory[];
  return memory;
}

// Value of another lane. All lanes of the warp come here.
UMTN_DEVICE u32 shuffle(u32 value, int lane) {
  return __shfl_sync(0xffffffffu, value, lane);
}
UMTN_DEVICE u64 shuffle(u64 value, int lane) {
  return __shfl_sync(0xffffffffu, value, lane);
}
UMTN_DEVICE bool any_lane(bool value) {
  return __any_sync(0xffffffffu, value) != 0;
}

// A number and its tag travel in one word, which is read and written whole; so a message needs
// neither a flag nor a fence.
UMTN_DEVICE u64 load_word(const u64* at) {
  u64 word;
  asm volatile("ld.relaxed.gpu.b64 %0, [%1];" : "=l"(word) : "l"(at) : "memory");
  return word;
}

UMTN_DEVICE void store_word(u64* at, u64 word) {
  asm volatile("st.relaxed.gpu.b64 [%0], %1;" ::"l"(at), "l"(word) : "memory");
}

UMTN_DEVICE u32 load_credit(const u32* at) {
  u32 value;
  asm volatile("ld.acquire.gpu.b32 %0, [%1];" : "=r"(value) : "l"(at) : "memory");
  return value;
}

UMTN_DEVICE void store_credit(u32* at, u32 value) {
  asm volatile("st.release.gpu.b32 [%0], %1;" ::"l"(at), "r"(value) : "memory");
}

// A word that stands for itself, and says nothing of other memory.
UMTN_DEVICE u32 load_flag(const u32* at) {
  u32 value;
  asm volatile("ld.relaxed.gpu.b32 %0, [%1];" : "=r"(value) : "l"(at) : "memory");
  return value;
}

UMTN_DEVICE void store_flag(u32* at, u32 value) {
  asm volatile("st.relaxed.gpu.b32 [%0], %1;" ::"l"(at), "r"(value) : "memory");
}

UMTN_DEVICE void let_others() {}

// Where copies go in shared memory.
#if __CUDA_ARCH__ >= 800
typedef u32 CopyTarget;
UMTN_DEVICE CopyTarget copy_target(u8* memory) {
  return static_cast<u32>(__cvta_generic_to_shared(memory));
}
#else
typedef u8* CopyTarget;
UMTN_DEVICE CopyTarget copy_target(u8* memory) {
  return memory;
}
#endif

// Copies 16 bytes to shared memory, behind the thread's back where the chip can. What a thread has
// begun to copy since its last commit is a group.
UMTN_DEVICE void copy_ahead(CopyTarget to, const u8* from) {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to), "l"(from) : "memory");
#else
  *reinterpret_cast<Quad*>(to) = *reinterpret_cast<const Quad*>(from);
#endif
}

UMTN_DEVICE void commit_copies() {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

// Waits until all groups of this thread's but the newest few have been copied.
template <int kNewest>
UMTN_DEVICE void wait_copies() {
#if __CUDA_ARCH__ >= 800
  asm volatile("cp.async.wait_group %0;" ::"n"(kNewest) : "memory");
#endif
}

// All blocks of the cluster have come here: none has yet to start, or has already gone.
UMTN_DEVICE void cluster_sync() {
#if __CUDA_ARCH__ >= 900
  asm volatile("barrier.cluster.arrive.release.aligned;\n\t"
               "barrier.cluster.wait.acquire.aligned;" ::
                   : "memory");
#endif
}

// Where another block of the cluster has what lies here in this block's shared memory.
UMTN_DEVICE u64* in_peer(u64* here, int rank) {
#if __CUDA_ARCH__ >= 900
  u64 there;
  asm volatile("mapa.u64 %0, %1, %2;" : "=l"(there) : "l"(here), "r"(rank));
  return reinterpret_cast<u64*>(there);
#else
  static_cast<void>(rank);
  return here;
#endif
}

UMTN_DEVICE u32 multiply_upper(u32 a, u32 b) {
  return __umulhi(a, b);
}
UMTN_DEVICE float exponential(float x) {
  return __expf(x);
}
UMTN_DEVICE float reciprocal(float x) {
  return __fdividef(1.0f, x);
}
UMTN_DEVICE float bits_to_float(u32 bits) {
  return __uint_as_float(bits);
}
UMTN_DEVICE u32 float_to_bits(float x) {
  return __float_as_uint(x);
}
UMTN_DEVICE double bits_to_double(u64 bits) {
  return __longlong_as_double(static_cast<i64>(bits));
}
UMTN_DEVICE u64 double_to_bits(double x) {
  return static_cast<u64>(__double_as_longlong(x));
}

UMTN_DEVICE u16 float_to_half(float x) {
  u16 half;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(half) : "f"(x));
  return half;
}

UMTN_DEVICE float half_to_float(u16 half) {
  float x;
  asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(half));
  return x;
}

// Two times 8 rows of 16 elements that lie `pitch` elements apart, as tensor cores take them: lane
// (g, q) gets of row g the elements 2q and 2q + 1 (a0), and those eight further (a1); b0 and b1 of
// row g + 8. Rows lie on 16 bytes.
UMTN_DEVICE void load_matrices(u32& a0, u32& a1, u32& b0, u32& b1, const u16* from, int pitch) {
  const int lane = thread_index() & 31;
  const u16* row = from + ((lane >> 4) * 8 + (lane & 7)) * pitch + (lane >> 3 & 1) * 8;
  const u32 at = static_cast<u32>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(a0), "=r"(a1), "=r"(b0), "=r"(b1)
               : "r"(at)
               : "memory");
}

#if __CUDA_ARCH__ < 800
// Turing's tensor cores know no bfloat16: the product from other lanes' registers, very slowly.
// The emulation multiplies by the same rules, those of PTX ISA, "Matrix Fragments for
// mma.m16n8k16".
UMTN_OUTLINE void multiply_by_hand(float (&sum)[4], const Quad& a, u32 b0, u32 b1) {
  const int lane = thread_index() & 31, row = lane >> 2, column = 2 * (lane & 3);
  for (int k = 0; k < 4; ++k)
    for (int half = 0; half < 2; ++half) {
      const u32 upper = shuffle(half ? a.z : a.x, row * 4 + k);
      const u32 lower = shuffle(half ? a.w : a.y, row * 4 + k);
      const u32 left = shuffle(half ? b1 : b0, column * 4 + k);
      const u32 right = shuffle(half ? b1 : b0, column * 4 + 4 + k);
      for (int i = 0; i < 32; i += 16) {
        const float u = bits_to_float(upper >> i << 16), l = bits_to_float(lower >> i << 16);
        const float x = bits_to_float(left >> i << 16), y = bits_to_float(right >> i << 16);
        sum[0] += u * x;
        sum[1] += u * y;
        sum[2] += l * x;
        sum[3] += l * y;
      }
    }
}
#endif

// 16 x 16 weights times 16 x 8 activations, added to 16 x 8 sums in float32.
UMTN_DEVICE void multiply_half(float (&sum)[4], const Quad& a, u32 b0, u32 b1) {
#if __CUDA_ARCH__ >= 800
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
               "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
               : "r"(a.x), "r"(a.y), "r"(a.z), "r"(a.w), "r"(b0), "r"(b1));
#else
  asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 "
               "{%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};"
               : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
               : "r"(a.x), "r"(a.y), "r"(b0));
  asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 "
               "{%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};"
               : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
               : "r"(a.z), "r"(a.w), "r"(b1));
#endif
}

UMTN_DEVICE void multiply_bfloat(float (&sum)[4], const Quad& a, u32 b0, u32 b1) {
#if __CUDA_ARCH__ >= 800
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
               "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
               : "r"(a.x), "r"(a.y), "r"(a.z), "r"(a.w), "r"(b0), "r"(b1));
#else
  multiply_by_hand(sum, a, b0, b1);
#endif
}

#endif
