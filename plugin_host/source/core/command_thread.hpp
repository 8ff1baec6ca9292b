// The core's own thread: what others ask for, and a look around every few milliseconds.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace umtn::plugin {

class CommandThread {
public:
  CommandThread() = default;
  CommandThread(const CommandThread&) = delete;
  CommandThread& operator=(const CommandThread&) = delete;
  ~CommandThread() { end(); }

  // From any thread.

  // Calls `round` on the thread from now on: at once where there is a command or it was woken, and
  // every few milliseconds else. The second call does nothing.
  void start(std::function<void()> round);
  void ask(std::function<void()> command);
  void wake();
  // Waits until a round that began after the call is over, but not longer than that.
  void settle(double seconds);
  // Waits for the round under way.
  void end();

  // The thread's, in a round: does what has been asked for until now.
  void do_commands();

private:
  void run(const std::function<void()>& round);

  std::mutex mutex_; // guards what follows
  std::condition_variable wake_, settled_;
  std::deque<std::function<void()>> commands_;
  std::uint64_t settles_wanted_ = 0, settles_done_ = 0;
  bool woken_ = false, ending_ = false;
  std::thread thread_;
};

} // namespace umtn::plugin
