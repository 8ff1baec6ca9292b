#include "memory.hpp"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif
#if defined(_WIN32)
#include <malloc.h>
#endif

#include "model.hpp"

namespace umtn {
namespace {

// Weights are walked through from end to end at every step, rings touched all over the place:
// with pages of 4 KiB, looking up addresses costs more than the reading.
constexpr std::size_t kPage = std::size_t{2} << 20;

#if defined(__linux__)

// Asked of the system and given back to it: glibc's heaps, of which every thread has its own, keep
// what lies between blocks that are aligned like this, hundreds of MB of it.
void* allocate(std::size_t bytes) {
  void* mapped =
      mmap(nullptr, bytes + kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED)
    throw std::bad_alloc();
  char* const first = static_cast<char*>(mapped);
  const std::size_t before = (kPage - reinterpret_cast<std::uintptr_t>(first) % kPage) % kPage;
  if (before > 0)
    munmap(first, before);
  munmap(first + before + bytes, kPage - before);
  madvise(first + before, bytes, MADV_HUGEPAGE); // a wish: nothing depends on it
  return first + before;
}

void release(void* block, std::size_t bytes) {
  munmap(block, bytes);
}

#else

void* allocate(std::size_t bytes) {
#if defined(_WIN32)
  void* block = _aligned_malloc(bytes, kPage);
#else
  void* block = std::aligned_alloc(kPage, bytes);
#endif
  if (!block)
    throw std::bad_alloc();
  std::memset(block, 0, bytes);
  return block;
}

void release(void* block, std::size_t) {
#if defined(_WIN32)
  _aligned_free(block);
#else
  std::free(block);
#endif
}

#endif

} // namespace

Arena::~Arena() {
  for (const Block& block : blocks_)
    release(block.begin, block.bytes);
}

void* Arena::bytes(std::size_t count, std::size_t size) {
  if (count > SIZE_MAX / 4 / size)
    throw std::bad_alloc();
  const std::size_t wanted = (count * size + kAlignment - 1) / kAlignment * kAlignment;
  if (wanted > left_) {
    const std::size_t block = (wanted + kPage - 1) / kPage * kPage;
    blocks_.reserve(blocks_.size() + 1);
    free_ = static_cast<char*>(allocate(block));
    left_ = block;
    blocks_.push_back({free_, block});
  }
  void* given = free_;
  free_ += wanted;
  left_ -= wanted;
  return given;
}

} // namespace umtn
