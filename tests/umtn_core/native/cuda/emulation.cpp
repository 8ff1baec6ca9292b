// The emulated chip, and the kernels on it: `umtn_emulate` is a launch.
#include "decode.cu"

#include <algorithm>
#include <cstring>
#include <deque>
#include <sys/mman.h>
#include <ucontext.h>
#include <vector>

#define UNSEEN __attribute__((noinline))

namespace {

constexpr std::size_t kStack = 64 << 10;
constexpr int kMostThreads = 512;

struct Barrier {
  int waiting = 0;
  unsigned generation = 0;
};

struct Warp {
  Barrier barrier;
  u64 values[2][32];
  Fragments fragments[2][32];
};

struct Cluster {
  int blocks = 0;
  Barrier barrier;
  std::vector<u8*> memories;
};

struct Member;

struct Copy {
  u8* to;
  const u8* from;
};

struct Fiber {
  // Groups of copies under way, the one that is not committed last.
  std::deque<std::vector<Copy>> copies{1};
  void* stack_pointer = nullptr;
  ucontext_t context;
  bool done = false;
  unsigned exchanges = 0;
};

struct Member {
  int index, count, threads;
  void (*kernel)(const void*);
  const void* argument;
  u8* memory;
  Cluster* cluster;
  int current = 0, left, last_waiting = -1;
  Barrier barrier;
  std::vector<Fiber> fibers;
  Warp warps[kMostThreads / 32];
};

// All blocks of a launch share one thread of the operating system's, so that a launch goes the same
// way every time. Which block goes on is drawn by lot where a seed is given.
struct Launch {
  std::vector<Member> members;
  Fiber main;
  unsigned left;
  u64 lot;
  u64 ticks = 0;
};

Launch* launch;
Member* block;

void body();

#if defined(__x86_64__)
extern "C" void umtn_switch(void** from, void* to);
asm(R"(
.text
.globl umtn_switch
.hidden umtn_switch
.type umtn_switch,@function
umtn_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size umtn_switch,.-umtn_switch
)");

UNSEEN void prepare(Fiber& fiber, char* stack) {
  void** top = reinterpret_cast<void**>(stack + kStack) - 3;
  top[0] = nullptr; // so that body() finds its stack aligned as after a call
  *--top = reinterpret_cast<void*>(body);
  top -= 6;
  std::memset(top, 0, 6 * sizeof(void*));
  fiber.stack_pointer = top;
}

UNSEEN void change(Fiber& from, Fiber& to) {
  umtn_switch(&from.stack_pointer, to.stack_pointer);
}
#else
UNSEEN void prepare(Fiber& fiber, char* stack) {
  getcontext(&fiber.context);
  fiber.context.uc_stack.ss_sp = stack;
  fiber.context.uc_stack.ss_size = kStack;
  fiber.context.uc_link = nullptr;
  makecontext(&fiber.context, body, 0);
}

UNSEEN void change(Fiber& from, Fiber& to) {
  swapcontext(&from.context, &to.context);
}
#endif

UNSEEN void go_to(Fiber& from, Fiber& to) {
  change(from, to);
}

// Lets the block's next fiber that is not done go on.
UNSEEN void give_way() {
  Member& b = *block;
  const int from = b.current;
  int to = from;
  do
    to = (to + 1) % b.threads;
  while (b.fibers[to].done);
  if (to == from)
    return;
  b.current = to;
  go_to(b.fibers[from], b.fibers[to]);
}

UNSEEN unsigned draw_lot(unsigned end) {
  launch->lot = launch->lot * 6364136223846793005u + 1442695040888963407u;
  return static_cast<unsigned>(launch->lot >> 33) % end;
}

// Lets another block that is not done go on, where it was.
UNSEEN void change_block(Fiber& from) {
  const unsigned count = static_cast<unsigned>(launch->members.size());
  unsigned to = static_cast<unsigned>(block->index);
  if (launch->lot)
    to = draw_lot(count);
  do
    to = (to + 1) % count;
  while (launch->members[to].left == 0);
  block = &launch->members[to];
  Fiber& next = block->fibers[block->current];
  if (&next != &from)
    go_to(from, next);
}

UNSEEN void finish() {
  Member& b = *block;
  Fiber& mine = b.fibers[b.current];
  mine.done = true;
  if (--b.left)
    give_way();
  else if (--launch->left)
    change_block(mine);
  else
    go_to(mine, launch->main);
}

UNSEEN void call_kernel() {
  block->kernel(block->argument);
}

UNSEEN void body() {
  call_kernel();
  finish();
}

UNSEEN void wait_at(Barrier& barrier, int all) {
  const unsigned generation = barrier.generation;
  if (++barrier.waiting == all) {
    barrier.waiting = 0;
    ++barrier.generation;
    if (launch->lot && draw_lot(8) == 0)
      change_block(block->fibers[block->current]);
  } else {
    while (barrier.generation == generation)
      give_way();
  }
}

UNSEEN Warp& my_warp() {
  return block->warps[block->current / 32];
}
UNSEEN int parity() {
  return block->fibers[block->current].exchanges++ & 1;
}

void run(Launch& all) {
  const std::size_t bytes = all.members.size() * all.members[0].threads * kStack;
  char* stacks = static_cast<char*>(mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  char* stack = stacks;
  for (Member& member : all.members)
    for (Fiber& fiber : member.fibers) {
      prepare(fiber, stack);
      stack += kStack;
    }
  launch = &all;
  block = &all.members[0];
  go_to(all.main, block->fibers[0]);
  munmap(stacks, bytes);
}

template <class T, void (*kKernel)(const T)>
void call(const void* argument) {
  kKernel(*static_cast<const T*>(argument));
}

struct Kernel {
  const char* name;
  void (*call)(const void*);
  int threads;
};

#define DECODE(name, threads) {#name, call<umtn_cuda_work, name>, threads}
#define RINGS(name) {#name, call<umtn_cuda_rings, name>, 256}
#define PRECISION(precision)                                                                       \
  DECODE(plain_##precision##_8_8, 256), DECODE(plain_##precision##_32_8, 256),                     \
      DECODE(plain_##precision##_32_16, 512), DECODE(stages_##precision##_8_8, 256),               \
      DECODE(stages_##precision##_32_8, 256), DECODE(workspace_##precision, 256),                  \
      RINGS(load_##precision), RINGS(store_##precision)

const Kernel kKernels[] = {
    PRECISION(fp32),           PRECISION(fp16),
    PRECISION(bf16),           DECODE(one_fp16_8_8, 256),
    DECODE(one_bf16_8_8, 256), {"draw_rows", call<umtn_cuda_draw, draw_rows>, 256}};

} // namespace

UNSEEN int thread_index() {
  return block->current;
}
UNSEEN int block_index() {
  return block->index;
}
UNSEEN int block_count() {
  return block->count;
}
UNSEEN u8* shared_memory() {
  return block->memory;
}
UNSEEN void block_sync() {
  wait_at(block->barrier, block->threads);
}

UNSEEN void warp_sync() {
  wait_at(my_warp().barrier, 32);
}

UNSEEN u64 clock_now() {
  return launch->ticks;
}

UNSEEN void copy_ahead(u8* to, const u8* from) {
  block->fibers[block->current].copies.back().push_back({to, from});
}

UNSEEN void commit_copies() {
  block->fibers[block->current].copies.emplace_back();
}

UNSEEN void wait_for_copies(int newest) {
  auto& copies = block->fibers[block->current].copies;
  for (; copies.size() > static_cast<std::size_t>(newest) + 1; copies.pop_front())
    for (const Copy& copy : copies.front())
      std::memcpy(copy.to, copy.from, 16);
}

UNSEEN void let_others() {
  ++launch->ticks;
  Member& b = *block;
  const bool all_had_their_turn = b.current <= b.last_waiting;
  b.last_waiting = b.current;
  if (!all_had_their_turn || launch->left == 1) {
    give_way();
    return;
  }
  // What is waited for must come from another block; after that, from this one again.
  b.last_waiting = -1;
  change_block(b.fibers[b.current]);
}

UNSEEN u64* in_peer(u64* here, int rank) {
  const std::ptrdiff_t offset = reinterpret_cast<u8*>(here) - block->memory;
  return reinterpret_cast<u64*>(block->cluster->memories[rank] + offset);
}

UNSEEN void cluster_sync() {
  block_sync();
  if (thread_index() == 0) {
    Cluster& cluster = *block->cluster;
    const unsigned generation = cluster.barrier.generation;
    if (++cluster.barrier.waiting == cluster.blocks) {
      cluster.barrier.waiting = 0;
      ++cluster.barrier.generation;
    } else {
      while (cluster.barrier.generation == generation)
        change_block(block->fibers[block->current]);
    }
  }
  block_sync();
}

UNSEEN u64 shuffle(u64 value, int lane) {
  Warp& warp = my_warp();
  const int turn = parity();
  warp.values[turn][thread_index() & 31] = value;
  wait_at(warp.barrier, 32);
  return warp.values[turn][lane];
}

UNSEEN bool any_lane(bool value) {
  Warp& warp = my_warp();
  const int turn = parity();
  warp.values[turn][thread_index() & 31] = value;
  wait_at(warp.barrier, 32);
  return std::any_of(warp.values[turn], warp.values[turn] + 32, [](u64 v) { return v != 0; });
}

UNSEEN const Fragments* exchange(const Fragments& mine) {
  Warp& warp = my_warp();
  const int turn = parity();
  warp.fragments[turn][thread_index() & 31] = mine;
  wait_at(warp.barrier, 32);
  return warp.fragments[turn];
}

// Runs all blocks at once, whether or not they wait for one another. A seed other than 0 decides in
// what order. Returns 0, or 1 where there is no such kernel.
extern "C" __attribute__((visibility("default"))) int umtn_emulate(const char* name, int blocks,
                                                                   std::size_t shared,
                                                                   int clustered,
                                                                   const void* argument, u64 seed) {
  const Kernel* kernel = std::find_if(std::begin(kKernels), std::end(kKernels),
                                      [&](const Kernel& k) { return !std::strcmp(k.name, name); });
  if (kernel == std::end(kKernels))
    return 1;
  const int size = clustered ? clustered : 1;
  std::vector<Cluster> clusters((blocks + size - 1) / size);
  // Exactly as much as was asked for, and never zero to begin with.
  std::vector<u8*> memories(blocks);
  Launch all;
  all.members = std::vector<Member>(blocks);
  all.left = blocks;
  all.lot = seed;
  for (int i = 0; i < blocks; ++i) {
    memories[i] = new (std::align_val_t(16)) u8[std::max<std::size_t>(shared, 1)];
    std::memset(memories[i], 0xcd, shared);
    Cluster& cluster = clusters[i / size];
    ++cluster.blocks;
    cluster.memories.push_back(memories[i]);
    all.members[i].index = i;
    all.members[i].count = blocks;
    all.members[i].threads = all.members[i].left = kernel->threads;
    all.members[i].fibers = std::vector<Fiber>(kernel->threads);
    all.members[i].kernel = kernel->call;
    all.members[i].argument = argument;
    all.members[i].memory = memories[i];
    all.members[i].cluster = &cluster;
  }
  run(all);
  for (u8* memory : memories)
    operator delete[](memory, std::align_val_t(16));
  return 0;
}
