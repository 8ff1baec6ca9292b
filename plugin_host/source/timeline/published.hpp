// The newest value of something, from the audio thread to all others.
#pragma once

#include "../audio/realtime.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace umtn::plugin {

// A sequence lock: the one writer never waits, readers try again where a write came between.
template <class T>
class Published {
  static_assert(std::is_trivially_copyable_v<T>);

public:
  void write(const T& value) noexcept UMTN_REALTIME {
    std::array<std::uint64_t, kWords> words{};
    std::memcpy(words.data(), &value, sizeof(T));
    const auto turn = turn_.load(std::memory_order_relaxed);
    turn_.store(turn + 1, std::memory_order_relaxed);
    for (std::size_t word = 0; word < kWords; ++word)
      words_[word].store(words[word], std::memory_order_release);
    turn_.store(turn + 2, std::memory_order_release);
  }

  T read() const {
    std::array<std::uint64_t, kWords> words{};
    for (;;) {
      const auto before = turn_.load(std::memory_order_acquire);
      for (std::size_t word = 0; word < kWords; ++word)
        words[word] = words_[word].load(std::memory_order_acquire);
      if (before % 2 == 0 && turn_.load(std::memory_order_relaxed) == before)
        break;
    }
    T value;
    std::memcpy(static_cast<void*>(&value), words.data(), sizeof(T));
    return value;
  }

private:
  static constexpr std::size_t kWords = (sizeof(T) + 7) / 8;
  std::array<std::atomic<std::uint64_t>, kWords> words_{};
  std::atomic<std::uint64_t> turn_{0};
};

} // namespace umtn::plugin
