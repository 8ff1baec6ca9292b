// Gives the audio thread a new version of something, and takes the old one back to free it.
#pragma once

#include "realtime.hpp"

#include <array>
#include <atomic>
#include <memory>

namespace umtn::plugin {

// One thread gives, the audio thread takes. Neither ever waits for the other, and nothing is freed
// on the audio thread.
template <class T>
class Handover {
public:
  Handover() = default;
  Handover(const Handover&) = delete;
  Handover& operator=(const Handover&) = delete;
  ~Handover() {
    delete next_.exchange(nullptr);
    collect();
  }

  // Any one thread but the audio thread. A version that was never taken is freed.
  void give(std::unique_ptr<const T> next) {
    delete next_.exchange(next.release(), std::memory_order_acq_rel);
    collect();
  }

  // Frees what the audio thread has done with.
  void collect() {
    for (auto& place : done_)
      delete place.exchange(nullptr, std::memory_order_acq_rel);
  }

  // The audio thread: the newest version, which is its own until it gives it back; nullptr where
  // there is nothing new.
  const T* take() noexcept UMTN_REALTIME {
    if (next_.load(std::memory_order_relaxed) == nullptr)
      return nullptr;
    return next_.exchange(nullptr, std::memory_order_acq_rel);
  }

  // The audio thread: false where there is no place for it now; it stays its own then.
  bool give_back(const T* old) noexcept UMTN_REALTIME {
    for (auto& place : done_) {
      const T* empty = nullptr;
      if (place.compare_exchange_strong(empty, old, std::memory_order_acq_rel))
        return true;
    }
    return false;
  }

private:
  std::atomic<const T*> next_{nullptr};
  std::array<std::atomic<const T*>, 4> done_{};
};

} // namespace umtn::plugin
