// Where things lie: the same arithmetic for all parts of the kernel.
#pragma once

#include "platform.cuh"
#include "work.h"

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / 32;
constexpr int kMostBands = sizeof(umtn_cuda_work::temperatures) / sizeof(double);

// A block's own view: which part of which pipeline it is, and its memory.
struct Place {
  const umtn_cuda_work& w;
  u8* memory; // shared, or its part of the workspace
  int blocks; // of a pipeline
  int pipeline;
  int part;     // stage, or stages + number of the block among those that make codes
  i64 begin;    // of this block's weights
  i64 resident; // bytes of them in shared memory

  UMTN_DEVICE explicit Place(const umtn_cuda_work& work, u8* own) : w(work), memory(own) {
    blocks = w.stages == 1 ? 1 : w.stages + w.heads * w.head_parts;
    pipeline = block_index() / blocks;
    part = block_index() % blocks;
    begin = 0;
    i64 end = w.weights_end;
    if (is_head_only()) {
      begin = w.fc_at;
      end = w.logits_at + (w.weights_end - w.logits_at) / w.head_parts;
    } else if (w.stages > 1) {
      begin = first_layer() * w.layer_bytes;
      end = end_layer() * w.layer_bytes;
    }
    const i64 room = is_head_only() ? w.head_resident_bytes : w.resident_bytes;
    resident = end - begin < room ? end - begin : room;
  }

  UMTN_DEVICE bool is_idle() const { return pipeline >= w.pipelines; }
  UMTN_DEVICE bool is_head_only() const { return w.stages > 1 && part >= w.stages; }
  // Which of the groups that a pipeline makes codes of at once, and which share of their bands.
  UMTN_DEVICE int head() const { return (part - w.stages) / w.head_parts; }
  UMTN_DEVICE int head_part() const {
    return is_head_only() ? (part - w.stages) % w.head_parts : 0;
  }
  UMTN_DEVICE bool has_input() const { return part == 0; }
  UMTN_DEVICE bool sends() const { return w.stages > 1; }
  UMTN_DEVICE int first_layer() const { return part * w.stage_layers; }
  UMTN_DEVICE int end_layer() const {
    const int end = first_layer() + w.stage_layers;
    return end < w.layer_count ? end : w.layer_count;
  }

  // Groups of this pipeline.
  UMTN_DEVICE int groups() const { return (w.groups - pipeline + w.pipelines - 1) / w.pipelines; }

  UMTN_DEVICE u8* own_weights() const {
    return memory + (is_head_only() ? w.head_weights_at : w.weights_at);
  }

  // Bytes of other blocks' bands, which lie before those of its own bands.
  UMTN_DEVICE i64 hole() const {
    return is_head_only() ? (w.weights_end - w.logits_at) / w.head_parts * head_part() : 0;
  }

  UMTN_DEVICE void fetch_weights() const {
    const i64 not_own = hole();
    for (i64 at = thread_index() * 16; at + 16 <= resident; at += kThreads * 16) {
      const i64 from = begin + at;
      *reinterpret_cast<Quad*>(own_weights() + at) =
          *reinterpret_cast<const Quad*>(w.weights + from + (from < w.logits_at ? 0 : not_own));
    }
  }

  // A strip of the weights, in shared memory if it is there. `before` bytes of what lies between
  // it and the block's first are not the block's.
  UMTN_DEVICE const u8* strip(i64 at, int bytes, i64 before = 0) const {
    const i64 own = at - begin - before;
    if (own >= 0 && own + bytes <= resident)
      return own_weights() + own;
    return w.weights + at;
  }

  // Numbers of a message: of each stream R for the residual path, then S for the skips.
  UMTN_DEVICE int message_width() const { return w.residual_padded + w.skip_padded; }

  // Where the messages to a part of this pipeline wait, as that part or the one before sees them.
  // All heads share one place.
  UMTN_DEVICE u64* messages_to(int to, int slot, int streams) const {
    const i64 size = static_cast<i64>(streams) * message_width();
    const int block = pipeline * blocks + to;
    if (w.clustered && to < w.stages && block % w.clustered != 0) {
      u64* here = reinterpret_cast<u64*>(memory + w.messages_at) + slot * size;
      return to == part ? here : in_peer(here, block % w.clustered);
    }
    return w.messages + (link_to(to) * w.slots + slot) * size;
  }

  // Blocks that read each message to a part: those that share a group's bands all do.
  UMTN_DEVICE int readers_of(int to) const { return to < w.stages ? 1 : w.head_parts; }

  UMTN_DEVICE u32* credit_of(int to, int slot, int reader) const {
    return w.credits + (link_to(to) * w.slots + slot) * w.head_parts + reader;
  }

  // Number of the link over which a part of this pipeline gets its messages.
  UMTN_DEVICE i64 link_to(int to) const {
    const int place = to < w.stages ? to : w.stages;
    return static_cast<i64>(pipeline) * w.stages + place - 1;
  }
};

// Never 0, which is what memory holds before the first message.
UMTN_DEVICE u32 tag_of(u64 number) {
  return static_cast<u32>(number) | 0x80000000u;
}

UMTN_DEVICE u64 word_of(u32 value, u32 tag) {
  return static_cast<u64>(tag) << 32 | value;
}

// Waits for a word with this tag. `word` may hold an earlier look at it.
UMTN_DEVICE u32 wait_for(const u64* at, u32 tag, u64 word) {
  while (static_cast<u32>(word >> 32) != tag) {
    let_others();
    word = load_word(at);
  }
  return static_cast<u32>(word);
}

// Calls `use(i, ask(i))` for i from 0 to `count`, by all threads of a block. Each thread asks for
// several words before it needs the first.
template <class Ask, class Use>
UMTN_DEVICE void each_ahead(int count, const Ask& ask, const Use& use) {
  constexpr int kTogether = 4;
  for (int i = thread_index(); i < count; i += kThreads * kTogether) {
    u64 words[kTogether];
#pragma unroll
    for (int j = 0; j < kTogether; ++j)
      if (i + j * kThreads < count)
        words[j] = ask(i + j * kThreads);
#pragma unroll
    for (int j = 0; j < kTogether; ++j)
      if (i + j * kThreads < count)
        use(i + j * kThreads, words[j]);
  }
}
