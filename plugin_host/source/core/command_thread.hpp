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

  // Calls `round` on the thread from now on: at once where there is a command, it was woken, or the
  // last round has left something to do (it says so), and every few milliseconds else. The second
  // call does nothing. A round is short: nobody is heard in it, and end() waits for it.
  void start(std::function<bool()> round);
  void ask(std::function<void()> command);
  void wake();
  // Waits until a round that began after the call has left nothing to do, but not longer than that.
  void settle(double seconds);
  // Waits for the round under way.
  void end();

  // The thread's, in a round: does what has been asked for until now.
  void do_commands();

private:
  void run(const std::function<bool()>& round);

  std::mutex mutex_; // guards what follows
  std::condition_variable wake_, settled_;
  std::deque<std::function<void()>> commands_;
  std::uint64_t settles_wanted_ = 0, settles_done_ = 0;
  bool woken_ = false, ending_ = false;
  std::thread thread_;
};

} // namespace umtn::plugin
