#include "command_thread.hpp"

#include <chrono>

namespace umtn::plugin {
namespace {

constexpr auto kNap = std::chrono::milliseconds(8);

} // namespace

void CommandThread::start(std::function<bool()> round) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!thread_.joinable() && !ending_)
    thread_ = std::thread([this, round = std::move(round)] { run(round); });
}

void CommandThread::ask(std::function<void()> command) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    commands_.push_back(std::move(command));
  }
  wake_.notify_all();
}

void CommandThread::wake() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    woken_ = true;
  }
  wake_.notify_all();
}

void CommandThread::settle(double seconds) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (!thread_.joinable())
    return;
  const auto wanted = ++settles_wanted_;
  wake_.notify_all();
  settled_.wait_for(lock, std::chrono::duration<double>(seconds),
                    [&] { return settles_done_ >= wanted; });
}

void CommandThread::end() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable())
    thread_.join();
}

void CommandThread::do_commands() {
  std::deque<std::function<void()>> commands;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    commands.swap(commands_);
  }
  for (const auto& command : commands)
    command();
}

void CommandThread::run(const std::function<bool()>& round) {
  bool more = false;
  for (;;) {
    std::uint64_t settles = 0;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait_for(lock, kNap, [&] {
        return ending_ || more || woken_ || !commands_.empty() || settles_wanted_ != settles_done_;
      });
      if (ending_)
        return;
      woken_ = false;
      settles = settles_wanted_;
    }
    more = round();
    if (more)
      continue;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      settles_done_ = settles;
    }
    settled_.notify_all();
  }
}

} // namespace umtn::plugin
