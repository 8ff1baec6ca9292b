// The random numbers of a decode, as umtn_core/decode/uniform.py defines them: Philox4x32-10.
#pragma once

#include "layout.cuh"

// The number that decides a sample of a stream: below 1, exact in float32.
UMTN_DEVICE float uniform_number(u64 seed, u64 id, u64 sample) {
  const u64 block = sample / 4;
  u32 c[4] = {static_cast<u32>(block), static_cast<u32>(block >> 32), static_cast<u32>(id),
              static_cast<u32>(id >> 32)};
  u32 key[2] = {static_cast<u32>(seed), static_cast<u32>(seed >> 32)};
#pragma unroll
  for (int round = 0; round < 10; ++round) {
    const u32 first = multiply_upper(0xD2511F53u, c[0]), second = multiply_upper(0xCD9E8D57u, c[2]);
    const u32 first_lower = 0xD2511F53u * c[0], second_lower = 0xCD9E8D57u * c[2];
    c[0] = second ^ c[1] ^ key[0];
    c[1] = second_lower;
    c[2] = first ^ c[3] ^ key[1];
    c[3] = first_lower;
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  const int word = static_cast<int>(sample % 4);
  const u32 bits = word == 0 ? c[0] : word == 1 ? c[1] : word == 2 ? c[2] : c[3];
  return static_cast<float>(bits >> 8) * (1.0f / 16777216.0f);
}
