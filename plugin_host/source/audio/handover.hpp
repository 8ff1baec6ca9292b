// Gives the audio thread a new version of something, and takes the old one back to free it.
#pragma once

#include "realtime.hpp"

#include <array>
#include <atomic>
#include <memory>

namespace umtn::plugin {

// One thread gives, the audio thread takes. Neither ever waits for the other; nothing is freed on
// the audio thread. Destroy it only when the audio thread has ended.
template <class T>
class Handover {
public:
  ~Handover() {
    delete next_.exchange(nullptr);
    collect();
    delete current_;
  }

  // Any one thread but the audio thread. What it frees may take time.
  void give(std::unique_ptr<const T> next) {
    delete next_.exchange(next.release(), std::memory_order_acq_rel);
    collect();
  }

  // Frees what the audio thread has done with.
  void collect() {
    for (auto& place : done_)
      delete place.exchange(nullptr, std::memory_order_acq_rel);
  }

  // The audio thread: whether there is something new and take() would give it.
  bool waiting() const noexcept UMTN_REALTIME {
    return next_.load(std::memory_order_relaxed) != nullptr;
  }

  // The audio thread: the newest version, nullptr before the first. The versions before stay valid
  // until they are returned.
  const T* take() noexcept UMTN_REALTIME {
    if (waiting())
      current_ = next_.exchange(nullptr, std::memory_order_acq_rel);
    return current_;
  }

  // The audio thread: gives an older version back. False where there is no place for it now; keep
  // it then, and try again later.
  bool give_back(const T* old) noexcept UMTN_REALTIME {
    if (old == nullptr)
      return true;
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
  const T* current_ = nullptr; // the audio thread's
};

} // namespace umtn::plugin
