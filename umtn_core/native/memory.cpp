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

void* allocate(std::size_t bytes) {
#if defined(_WIN32)
  void* block = _aligned_malloc(bytes, kPage);
#else
  void* block = std::aligned_alloc(kPage, bytes);
#endif
  if (!block)
    throw std::bad_alloc();
#if defined(__linux__)
  madvise(block, bytes, MADV_HUGEPAGE); // a wish: nothing depends on it
#endif
  return block;
}

void release(void* block) {
#if defined(_WIN32)
  _aligned_free(block);
#else
  std::free(block);
#endif
}

} // namespace

Arena::~Arena() {
  for (void* block : blocks_)
    release(block);
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
    blocks_.push_back(free_);
  }
  void* given = free_;
  free_ += wanted;
  left_ -= wanted;
  std::memset(given, 0, wanted);
  return given;
}

} // namespace umtn
