// Messages between blocks, and how one block waits for another.
#pragma once

#include "layout.cuh"

// Never 0, which is what memory holds before the first message.
UMTN_DEVICE u32 tag_of(u64 number) {
  return static_cast<u32>(number) | 0x80000000u;
}

UMTN_DEVICE u64 word_of(u32 value, u32 tag) {
  return static_cast<u64>(tag) << 32 | value;
}

// Looks whether to go on waiting: since when this has been waited for, or 0 to give up. Whoever
// waits in vain gives up for all; what the launch makes from there on means nothing, but it ends.
UMTN_OUTLINE u64 look_at_clock(u32* given_up, u64 patience, u64 began) {
  if (load_flag(given_up))
    return 0;
  const u64 now = clock_now() | 1;
  if (began == 0 || now - began < patience)
    return began ? began : now;
  store_flag(given_up, 1);
  return 0;
}

class Watch {
  static constexpr int kBetweenLooks = 16; // each look costs as much as a turn of waiting
  const umtn_cuda_work& w;
  int turns = 0;
  u64 began = 0;

public:
  UMTN_DEVICE explicit Watch(const umtn_cuda_work& work) : w(work) {}

  UMTN_DEVICE bool goes_on() {
    let_others();
    if (++turns % kBetweenLooks)
      return true;
    began = look_at_clock(reinterpret_cast<u32*>(w.failed + 1), w.patience, began);
    return began != 0;
  }
};

// Waits for a word with this tag. `word` holds an earlier look at it.
UMTN_DEVICE u32 wait_for(const umtn_cuda_work& w, const u64* at, u32 tag, u64 word) {
  if (static_cast<u32>(word >> 32) != tag) {
    Watch watch(w);
    do
      word = load_word(at);
    while (static_cast<u32>(word >> 32) != tag && watch.goes_on());
  }
  return static_cast<u32>(word);
}

// Waits until a slot's message of this tag has been read.
UMTN_DEVICE void wait_for_credit(const umtn_cuda_work& w, const u32* at, u32 tag) {
  Watch watch(w);
  while (load_credit(at) != tag && watch.goes_on()) {
  }
}
