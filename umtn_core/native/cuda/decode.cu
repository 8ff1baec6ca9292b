// The kernels: a run of steps of all streams; rings in and out; codes from given logits.
//
// README.md beside this file says how the work is divided.
#include "head.cuh"

template <class K>
struct Block {
  const Place<K>& p;
  const umtn_cuda_work& w;
  Clocks& clocks;
  Queue<K>& queue;
  Layers<K>& layers;
  const Head<K>& head;
  const int groups;
  const bool credits; // messages wait for room
  // Of the next message over a link: its number among all that were ever sent there, as far as tags
  // know it; its slot; whether that was used before.
  u32 number;
  int slot;
  bool used;

  UMTN_DEVICE Block(const Place<K>& place, Clocks& counted, Queue<K>& weights, Layers<K>& of_layers,
                    const Head<K>& of_head)
      : p(place), w(place.w), clocks(counted), queue(weights), layers(of_layers), head(of_head),
        groups(place.groups()), credits(w.slots < groups),
        number(static_cast<u32>(w.sequence) * static_cast<u32>(groups)),
        slot(static_cast<int>(w.sequence * static_cast<u64>(groups) % static_cast<u64>(w.slots))),
        used(w.sequence * static_cast<u64>(groups) >= static_cast<u64>(w.slots)) {}

  UMTN_DEVICE void run() {
    p.prepare();
    queue.start();
    block_sync();
    layers.start();
    for (int step = 0; step < w.steps; ++step)
      for (int i = 0; i < groups; ++i) {
        if (!p.is_head_only() || i % w.heads == p.head())
          take_turn(step, i);
        ++number;
        if (++slot == w.slots) {
          slot = 0;
          used = true;
        }
      }
    if (K::kSends && p.has_input())
      for (int i = 0; i < groups; ++i)
        take_feedback(turn_of(w.steps, i));
    wait_copies<0>();
    clocks.report(w);
  }

private:
  UMTN_DEVICE Turn turn_of(int step, int i) const {
    Turn turn;
    turn.first = (p.pipeline + i * w.pipelines) * K::kStreams;
    turn.count = w.streams - turn.first < K::kStreams ? w.streams - turn.first : K::kStreams;
    turn.step = step;
    turn.tag = tag_of(number);
    turn.in = K::kSends && !p.has_input() ? p.messages_to(p.part, slot, K::kStreams) : nullptr;
    turn.out =
        K::kSends && !p.is_head_only() ? p.messages_to(p.part + 1, slot, K::kStreams) : nullptr;
    return turn;
  }

  UMTN_DEVICE void take_turn(int step, int i) {
    const Turn turn = turn_of(step, i);
    if (K::kSends && p.has_input() && step > 0)
      take_feedback(turn);
    if (credits && turn.out && used && thread_index() < p.readers_of(p.part + 1)) {
      // The slot's last message has been read. The barriers before anything is sent make this
      // known to all threads.
      const u32* read = p.credit_of(p.part + 1, slot, thread_index());
      wait_for_credit(w, read, tag_of(number - static_cast<u32>(w.slots)));
    }
    clocks.mark(UMTN_TURN);
    if (!p.is_head_only()) {
      const int first = p.first_layer(), end = p.end_layer();
      for (int l = first; l < end; ++l)
        layers.run(l, turn, l == first, l + 1 == end);
    }
    if (p.makes_codes())
      head.run(turn, step);
    if (credits && turn.in) {
      block_sync();
      if (thread_index() == 0)
        store_credit(p.credit_of(p.part, slot, p.head_part()), turn.tag);
    }
  }

  // The codes of the step before, one a thread.
  UMTN_DEVICE void take_feedback(const Turn& turn) const {
    static_assert(K::kStreams * kMostBands <= K::kThreads, "a thread takes one code at most");
    if (thread_index() < turn.count * w.bands) {
      const int stream = turn.first + thread_index() / w.bands, band = thread_index() % w.bands;
      const u64* at = w.feedback + stream * w.bands + band;
      const u32 code = wait_for(w, at, tag_of(w.time + turn.step - 1), load_word(at));
      Head<K>::remember(w, stream, band, static_cast<int>(code));
    }
    block_sync();
  }
};

template <class K>
UMTN_DEVICE void decode(const umtn_cuda_work& w, u8* memory) {
  const Place<K> place(w, memory);
  if (w.clustered) {
    // No tag may be left here from an earlier launch, and nobody may send before that is so.
    u64* messages = reinterpret_cast<u64*>(memory + w.messages_at);
    for (int i = thread_index(); i < w.slots * K::kStreams * place.message_width();
         i += K::kThreads)
      messages[i] = 0;
    cluster_sync();
  }
  if (!place.is_idle()) {
    // Apart, and not one within the other: a compiler keeps in registers what does not point to
    // itself.
    Clocks clocks;
    Queue<K> queue(place);
    Layers<K> layers(place, queue, clocks);
    const Head<K> head(place, queue, clocks);
    Block<K>(place, clocks, queue, layers, head).run();
  }
  // Nor may a block go while another sends to it.
  if (w.clustered)
    cluster_sync();
}

// Threads of a block of the kernels that are not steps.
constexpr int kMoving = 256;

template <class P>
UMTN_DEVICE void move_rings(const umtn_cuda_rings& rings, bool in) {
  typename P::Element* inside = static_cast<typename P::Element*>(rings.inside);
  const i64 all = rings.rows * rings.residual_padded;
  const i64 threads = static_cast<i64>(block_count()) * kMoving;
  for (i64 i = static_cast<i64>(block_index()) * kMoving + thread_index(); i < all; i += threads) {
    const i64 row = i / rings.residual_padded, channel = i % rings.residual_padded;
    float* outside = rings.outside + row * rings.residual + channel;
    if (channel >= rings.residual)
      continue;
    if (in)
      inside[i] = P::round(*outside);
    else
      *outside = P::widen(inside[i]);
  }
}

#define UMTN_DECODE(name, P, tiles, warps, use)                                                    \
  UMTN_KERNEL(32 * warps) name(const UMTN_CONSTANT umtn_cuda_work work) {                          \
    decode<Kind<P, tiles, warps, use>>(work, shared_memory());                                     \
  }
// A kernel's use, a group's streams and a block's warps are in its name.
#define UMTN_PRECISION(precision, P)                                                               \
  UMTN_DECODE(plain_##precision##_8_8, P, 1, 8, kPlain)                                            \
  UMTN_DECODE(plain_##precision##_32_8, P, 4, 8, kPlain)                                           \
  UMTN_DECODE(plain_##precision##_32_16, P, 4, 16, kPlain)                                         \
  UMTN_DECODE(stages_##precision##_8_8, P, 1, 8, kStages)                                          \
  UMTN_DECODE(stages_##precision##_32_8, P, 4, 8, kStages)                                         \
  UMTN_KERNEL(256) workspace_##precision(const UMTN_CONSTANT umtn_cuda_work work) {                \
    decode<Kind<P, 1, 8, kWorkspace>>(work,                                                        \
                                      work.workspace + block_index() * work.workspace_bytes);      \
  }                                                                                                \
  UMTN_KERNEL(kMoving) load_##precision(const UMTN_CONSTANT umtn_cuda_rings rings) {               \
    move_rings<P>(rings, true);                                                                    \
  }                                                                                                \
  UMTN_KERNEL(kMoving) store_##precision(const UMTN_CONSTANT umtn_cuda_rings rings) {              \
    move_rings<P>(rings, false);                                                                   \
  }

UMTN_PRECISION(fp32, Fp32)
UMTN_PRECISION(fp16, Fp16)
UMTN_PRECISION(bf16, Bf16)
UMTN_DECODE(one_fp16_8_8, Fp16, 1, 8, kOneLayer)
UMTN_DECODE(one_bf16_8_8, Bf16, 1, 8, kOneLayer)

UMTN_KERNEL(kMoving) draw_rows(const UMTN_CONSTANT umtn_cuda_draw work) {
  for (int row = block_index(); row < work.rows; row += block_count()) {
    // Every warp draws, and all draw the same.
    bool finite;
    const int code = draw_code(work.logits + row * kLevels, work.uniforms[row], work.temperature,
                               work.top_p, finite);
    if (thread_index() == 0) {
      work.codes[row] = static_cast<u8>(code);
      if (!finite)
        *work.failed = 1;
    }
  }
}
