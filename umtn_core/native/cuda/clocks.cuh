// Counts what a block's cycles go to, in kernels that are built with UMTN_CLOCKS; in others nothing
// of this is left.
#pragma once

#include "waiting.cuh"

class Clocks {
#ifdef UMTN_CLOCKS
  u64 sums[UMTN_PHASES] = {};
  u64 last = clock_now();

public:
  // What a block's first thread has done since the last mark belongs to this phase.
  UMTN_DEVICE void mark(umtn_cuda_phase phase) {
    const u64 now = clock_now();
    sums[phase] += now - last;
    last = now;
  }
  UMTN_DEVICE void report(const umtn_cuda_work& w) const {
    if (thread_index() == 0 && w.clocks)
      for (int phase = 0; phase < UMTN_PHASES; ++phase)
        w.clocks[block_index() * UMTN_PHASES + phase] += sums[phase];
  }
#else
public:
  UMTN_DEVICE void mark(umtn_cuda_phase) {}
  UMTN_DEVICE void report(const umtn_cuda_work&) const {}
#endif
};
