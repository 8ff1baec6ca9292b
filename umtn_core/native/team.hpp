// Threads that take every step of a batch together.
#pragma once

#include "model.hpp"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace umtn {

// The caller and some helpers. Helpers sleep between calls; within one they wait for each other by
// spinning first, since between two meetings there are only microseconds of work.
struct Team {
  // Throws std::system_error where no thread can be started.
  explicit Team(int size);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  // Calls work(thread) on every thread, 0 being the caller's own, and returns when all have ended.
  void run(const std::function<void(int)>& work);

  // Waits until all have come here.
  void meet();

private:
  void help(int thread);
  void dismiss();

  const int size_;
  std::vector<std::thread> helpers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  const std::function<void(int)>* work_ = nullptr;
  long calls_ = 0;
  int busy_ = 0;
  bool ending_ = false;

  alignas(kAlignment) std::atomic<int> arrived_{0};
  alignas(kAlignment) std::atomic<unsigned> meetings_{0};
  std::atomic<int> asleep_{0};
  std::mutex meeting_mutex_;
  std::condition_variable met_;
};

} // namespace umtn
