// Aligned memory that goes back by itself.
#pragma once

#include <cstddef>
#include <vector>

namespace umtn {

// Hands out aligned, zeroed memory, and frees all of it together.
class Arena {
public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena();

  // Throws std::bad_alloc.
  template <class T>
  T* array(std::size_t count) {
    return static_cast<T*>(bytes(count, sizeof(T)));
  }

private:
  struct Block {
    void* begin;
    std::size_t bytes;
  };

  void* bytes(std::size_t count, std::size_t size);

  std::vector<Block> blocks_;
  char* free_ = nullptr;
  std::size_t left_ = 0;
};

} // namespace umtn
