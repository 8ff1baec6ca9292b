#include "team.hpp"

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

namespace umtn {
namespace {

// Beyond some microseconds the thread that is waited for has no core of its own, and needs this
// one's more than this one does.
constexpr int kSpins = 1000;

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

} // namespace

Team::Team(int size) : size_(size) {
  try {
    for (int thread = 1; thread < size; ++thread)
      helpers_.emplace_back(&Team::help, this, thread);
  } catch (...) {
    dismiss();
    throw;
  }
}

Team::~Team() {
  dismiss();
}

void Team::dismiss() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  for (std::thread& helper : helpers_)
    helper.join();
}

void Team::run(const std::function<void(int)>& work) {
  if (helpers_.empty())
    return work(0);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    work_ = &work;
    busy_ = static_cast<int>(helpers_.size());
    ++calls_;
  }
  changed_.notify_all();
  work(0);
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return busy_ == 0; });
}

void Team::help(int thread) {
  long seen = 0;
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return ending_ || calls_ != seen; });
    if (ending_)
      return;
    seen = calls_;
    const auto* work = work_;
    lock.unlock();
    (*work)(thread);
    lock.lock();
    if (--busy_ == 0)
      changed_.notify_all();
  }
}

void Team::meet() {
  const unsigned meeting = meetings_.load();
  if (arrived_.fetch_add(1) + 1 == size_) {
    arrived_.store(0);
    // Not a store: emulators of other processors may let the load below overtake one.
    meetings_.fetch_add(1);
    // Whoever is not counted yet will see the new number before it sleeps.
    if (asleep_.load() > 0) {
      const std::lock_guard<std::mutex> lock(meeting_mutex_);
      met_.notify_all();
    }
    return;
  }
  for (int spins = 0; spins < kSpins; ++spins) {
    if (meetings_.load() != meeting)
      return;
    pause();
  }
  std::unique_lock<std::mutex> lock(meeting_mutex_);
  asleep_.fetch_add(1);
  met_.wait(lock, [&] { return meetings_.load() != meeting; });
  asleep_.fetch_sub(1);
}

void team_wait(Team* team) {
  team->meet();
}

} // namespace umtn
