// The kernels: a run of steps of all streams; rings in and out; codes from given logits.
//
// README.md beside this file says how the work is divided.
#include "head.cuh"

template <class P, int kTiles>
struct Block {
  const Place& p;
  const umtn_cuda_work& w;
  const Layers<P, kTiles> layers;
  const Head<P, kTiles> head;
  const bool credits; // messages wait for room

  UMTN_DEVICE explicit Block(const Place& place)
      : p(place), w(place.w), layers(place), head(place), credits(w.slots < place.groups()) {}

  UMTN_DEVICE void run() const {
    p.fetch_weights();
    block_sync();
    const int groups = p.groups();
    for (int step = 0; step < w.steps; ++step)
      for (int i = 0; i < groups; ++i)
        if (!p.is_head_only() || i % w.heads == p.head())
          take_turn(step, i, groups);
    if (p.sends() && p.has_input())
      for (int i = 0; i < groups; ++i) {
        Turn turn = turn_of(w.steps, i, groups);
        take_feedback(turn);
      }
  }

private:
  UMTN_DEVICE Turn turn_of(int step, int i, int groups) const {
    constexpr int kStreams = 8 * kTiles;
    Turn turn;
    turn.first = (p.pipeline + i * w.pipelines) * kStreams;
    turn.count = w.streams - turn.first < kStreams ? w.streams - turn.first : kStreams;
    turn.time = w.time + step;
    const u64 number = number_of(step, i, groups);
    turn.tag = tag_of(number);
    const int slot = static_cast<int>(number % static_cast<u64>(w.slots));
    turn.in = p.sends() && !p.has_input() ? p.messages_to(p.part, slot, kStreams) : nullptr;
    turn.out = p.sends() && !p.is_head_only() ? p.messages_to(p.part + 1, slot, kStreams) : nullptr;
    return turn;
  }

  // Of the message among all that were ever sent over this link.
  UMTN_DEVICE u64 number_of(int step, int i, int groups) const {
    return (w.sequence + static_cast<u64>(step)) * static_cast<u64>(groups) + static_cast<u64>(i);
  }

  UMTN_DEVICE void take_turn(int step, int i, int groups) const {
    const Turn turn = turn_of(step, i, groups);
    const u64 number = number_of(step, i, groups);
    const int slot = static_cast<int>(number % static_cast<u64>(w.slots));
    if (p.sends() && p.has_input() && step > 0)
      take_feedback(turn);
    if (credits && turn.out && number >= static_cast<u64>(w.slots) &&
        thread_index() < p.readers_of(p.part + 1)) {
      // The slot's last message has been read. The barriers before anything is sent make this
      // known to all threads.
      const u32 read = tag_of(number - static_cast<u64>(w.slots));
      while (load_credit(p.credit_of(p.part + 1, slot, thread_index())) != read)
        let_others();
    }
    if (!p.is_head_only()) {
      const int first = p.first_layer(), end = p.end_layer();
      for (int l = first; l < end; ++l)
        layers.run(l, turn, l == first, l + 1 == end);
    }
    if (!p.sends() || p.is_head_only())
      head.run(turn, step);
    if (credits && turn.in) {
      block_sync();
      if (thread_index() == 0)
        store_credit(p.credit_of(p.part, slot, p.head_part()), turn.tag);
    }
  }

  // The codes of the step before, one a thread.
  UMTN_DEVICE void take_feedback(const Turn& turn) const {
    static_assert(8 * kTiles * kMostBands <= kThreads, "a thread takes one code at most");
    if (thread_index() < turn.count * w.bands) {
      const int stream = turn.first + thread_index() / w.bands, band = thread_index() % w.bands;
      const u64* at = w.feedback + stream * w.bands + band;
      const u32 code = wait_for(at, tag_of(turn.time - 1), load_word(at));
      Head<P, kTiles>::remember(w, stream, band, static_cast<int>(code));
    }
    block_sync();
  }
};

template <class P, int kTiles>
UMTN_DEVICE void decode(const umtn_cuda_work& w, u8* memory) {
  const Place place(w, memory);
  if (w.clustered) {
    // No tag may be left here from an earlier launch, and nobody may send before that is so.
    u64* messages = reinterpret_cast<u64*>(memory + w.messages_at);
    for (int i = thread_index(); i < w.slots * 8 * kTiles * place.message_width(); i += kThreads)
      messages[i] = 0;
    cluster_sync();
  }
  if (!place.is_idle())
    Block<P, kTiles>(place).run();
  // Nor may a block go while another sends to it.
  if (w.clustered)
    cluster_sync();
}

template <class P>
UMTN_DEVICE void move_rings(const umtn_cuda_rings& rings, bool in) {
  typename P::Element* inside = static_cast<typename P::Element*>(rings.inside);
  const i64 all = rings.rows * rings.residual_padded;
  const i64 threads = static_cast<i64>(block_count()) * kThreads;
  for (i64 i = static_cast<i64>(block_index()) * kThreads + thread_index(); i < all; i += threads) {
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

#define UMTN_DECODE(precision, P, streams)                                                         \
  UMTN_KERNEL decode_##precision##_##streams(const UMTN_CONSTANT umtn_cuda_work work) {            \
    decode<P, streams / 8>(work, shared_memory());                                                 \
  }
#define UMTN_PRECISION(precision, P)                                                               \
  UMTN_DECODE(precision, P, 8)                                                                     \
  UMTN_DECODE(precision, P, 32)                                                                    \
  UMTN_KERNEL decode_##precision##_workspace(const UMTN_CONSTANT umtn_cuda_work work) {            \
    decode<P, 1>(work, work.workspace + block_index() * work.workspace_bytes);                     \
  }                                                                                                \
  UMTN_KERNEL load_##precision(const UMTN_CONSTANT umtn_cuda_rings rings) {                        \
    move_rings<P>(rings, true);                                                                    \
  }                                                                                                \
  UMTN_KERNEL store_##precision(const UMTN_CONSTANT umtn_cuda_rings rings) {                       \
    move_rings<P>(rings, false);                                                                   \
  }

UMTN_PRECISION(fp32, Fp32)
UMTN_PRECISION(fp16, Fp16)
UMTN_PRECISION(bf16, Bf16)

UMTN_KERNEL draw_rows(const UMTN_CONSTANT umtn_cuda_draw work) {
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
