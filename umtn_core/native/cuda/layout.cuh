// Where things lie: the same arithmetic for all parts of the kernel.
#pragma once

#include "platform.cuh"
#include "work.h"

constexpr int kLevels = 256;
constexpr int kMostBands = sizeof(umtn_cuda_work::temperatures) / sizeof(double);

// What a kernel is for.
enum Use {
  kPlain,     // a block takes its streams through all layers
  kWorkspace, // the same for networks too wide for shared memory: in device memory
  kStages,    // a block has some layers, and hands its streams on
  // A block has one layer, with at most kHeldTiles tiles a row: what is multiplied while others
  // wait stays in registers.
  kOneLayer
};
constexpr int kHeldTiles = 8;

// A kernel's own kind: its precision, how many tiles of eight streams a group has, how many warps
// work on them, and its use.
template <class Precision, int tiles, int warps, Use use>
struct Kind {
  typedef Precision P;
  static constexpr int kTiles = tiles;
  static constexpr int kStreams = 8 * tiles; // of a full group
  static constexpr int kWarps = warps;
  static constexpr int kThreads = 32 * warps;
  static constexpr bool kShared = use != kWorkspace, kHeld = use == kOneLayer;
  static constexpr bool kSends = use == kStages || use == kOneLayer;
  // Strips that a warp multiplies together: each activation that is read serves all of them.
  static constexpr int kStrips = 16 / warps;
  // Of what goes on and to the skips. A single stream's residual path goes first: it is waited for.
  static constexpr int kOutStrips = tiles == 1 ? 1 : kStrips;
  // Tiles of weights that are asked for together; umtn_core/decode/cuda/cuda_plan.py knows them
  // too.
  static constexpr int kBatch = (tiles == 1 ? 8 : 4) / (P::kElementBytes == 4 ? 4 : 2);
};

// Places of weights are counted in pieces of 16 bytes.
UMTN_DEVICE u32 pieces(i64 bytes) {
  return static_cast<u32>(bytes / 16);
}

// A block's own view: which part of which pipeline it is, and its memory.
template <class K>
struct Place {
  const umtn_cuda_work& w;
  u8* memory; // shared, or its part of the workspace
  int blocks; // of a pipeline
  int pipeline;
  int part;     // stage, or stages + number of the block among those that make codes
  u32 begin;    // of this block's weights
  u32 resident; // how many of them lie in shared memory

  UMTN_DEVICE explicit Place(const umtn_cuda_work& work, u8* own) : w(work), memory(own) {
    blocks = K::kSends ? w.stages + w.heads * w.head_parts : 1;
    pipeline = block_index() / blocks;
    part = block_index() % blocks;
    begin = 0;
    u32 end = pieces(w.weights_end);
    if (is_head_only()) {
      begin = pieces(w.fc_at);
      end = pieces(w.logits_at) + pieces(w.weights_end - w.logits_at) / w.head_parts;
    } else if (K::kSends) {
      begin = first_layer() * pieces(w.layer_bytes);
      end = end_layer() * pieces(w.layer_bytes);
    }
    const u32 room = pieces(is_head_only() ? w.head_resident_bytes : w.resident_bytes);
    resident = end - begin < room ? end - begin : room;
  }

  UMTN_DEVICE bool is_idle() const { return pipeline >= w.pipelines; }
  UMTN_DEVICE bool is_head_only() const { return K::kSends && part >= w.stages; }
  UMTN_DEVICE bool makes_codes() const { return !K::kSends || part >= w.stages; }
  // Which of the groups that a pipeline makes codes of at once, and which share of their bands.
  UMTN_DEVICE int head() const { return (part - w.stages) / w.head_parts; }
  UMTN_DEVICE int head_part() const {
    return is_head_only() ? (part - w.stages) % w.head_parts : 0;
  }
  UMTN_DEVICE bool has_input() const { return part == 0; }
  UMTN_DEVICE int first_layer() const { return is_head_only() ? 0 : part * w.stage_layers; }
  UMTN_DEVICE int end_layer() const {
    if (is_head_only())
      return 0;
    const int end = first_layer() + w.stage_layers;
    return end < w.layer_count ? end : w.layer_count;
  }

  // Groups of this pipeline.
  UMTN_DEVICE int groups() const { return (w.groups - pipeline + w.pipelines - 1) / w.pipelines; }

  // Bands that a block makes codes of, and the first of them.
  UMTN_DEVICE int own_bands() const { return w.bands / w.head_parts; }
  UMTN_DEVICE int first_band() const { return head_part() * own_bands(); }

  // Row of each layer's ring that the launch's first step takes.
  UMTN_DEVICE int* rows() const { return reinterpret_cast<int*>(memory + w.rows_at); }

  UMTN_DEVICE u8* queue() const { return memory + w.queue_at; }

  // Other blocks' bands, which lie before those of its own bands.
  UMTN_DEVICE u32 hole() const {
    return pieces(w.weights_end - w.logits_at) / w.head_parts * head_part();
  }

  // Fills what a block keeps for the whole launch. All its threads call this, then meet.
  UMTN_DEVICE void prepare() const {
    const Quad* all = reinterpret_cast<const Quad*>(w.weights);
    Quad* own = reinterpret_cast<Quad*>(memory + weights_at());
    for (u32 i = thread_index(); i < resident; i += K::kThreads) {
      const u32 from = begin + i;
      own[i] = all[from < pieces(w.logits_at) ? from : from + hole()];
    }
    for (int l = first_layer() + thread_index(); l < end_layer(); l += K::kThreads)
      rows()[l - first_layer()] = static_cast<int>(w.time % w.layers[l].ring_size);
  }

  // Whether some of the weights lie in this block's memory, and where they do. `before` of what
  // lies between them and the block's first are not the block's.
  UMTN_DEVICE bool is_near(u32 at, u32 count, u32 before) const {
    return at >= begin + before && at - before - begin + count <= resident;
  }
  UMTN_DEVICE u32 near(u32 at, u32 before) const {
    return pieces(weights_at()) + at - before - begin;
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

private:
  UMTN_DEVICE int weights_at() const { return is_head_only() ? w.head_weights_at : w.weights_at; }

  // Number of the link over which a part of this pipeline gets its messages.
  UMTN_DEVICE i64 link_to(int to) const {
    const int place = to < w.stages ? to : w.stages;
    return static_cast<i64>(pipeline) * w.stages + place - 1;
  }
};

// Divides small numbers by one that is the same for the whole launch: a division costs more than
// what is done with its result. Right where the product of both is below 2^32.
struct Divider {
  int by;
  u32 factor;

  UMTN_DEVICE explicit Divider(int divisor)
      : by(divisor), factor(0xffffffffu / static_cast<u32>(divisor) + 1) {}

  UMTN_DEVICE int quotient(int number) const {
    return static_cast<int>(multiply_upper(static_cast<u32>(number), factor));
  }
};

// Calls `use(stream, channel)` for every channel of some streams, by all threads of a block.
template <class K, class Use>
UMTN_DEVICE void each(const Divider& channels, int streams, const Use& use) {
  for (int i = thread_index(); i < streams * channels.by; i += K::kThreads) {
    const int stream = channels.quotient(i);
    use(stream, i - stream * channels.by);
  }
}

// Calls `use(stream, channel, ask(stream, channel))` likewise. Each thread asks for several words
// before it needs the first.
template <class K, class Ask, class Use>
UMTN_DEVICE void each_ahead(const Divider& channels, int streams, const Ask& ask, const Use& use) {
  constexpr int kTogether = 4;
  const int count = streams * channels.by;
  for (int i = thread_index(); i < count; i += K::kThreads * kTogether) {
    u64 words[kTogether];
#pragma unroll
    for (int j = 0; j < kTogether; ++j) {
      const int at = i + j * K::kThreads, stream = channels.quotient(at);
      if (at < count)
        words[j] = ask(stream, at - stream * channels.by);
    }
#pragma unroll
    for (int j = 0; j < kTogether; ++j) {
      const int at = i + j * K::kThreads, stream = channels.quotient(at);
      if (at < count)
        use(stream, at - stream * channels.by, words[j]);
    }
  }
}
