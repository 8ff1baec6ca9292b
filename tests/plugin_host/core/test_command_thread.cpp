#include "core/command_thread.hpp"
#include "support/support.hpp"

#include <atomic>
#include <doctest/doctest.h>

namespace umtn::plugin::test {

TEST_CASE("commands are done in order, on the thread, each once") {
  std::vector<int> done;
  std::thread::id where;
  CommandThread thread;
  for (int n = 0; n < 3; ++n)
    thread.ask([&, n] {
      done.push_back(n);
      where = std::this_thread::get_id();
    });
  CHECK(done.empty()); // it has not been started
  thread.start([&] {
    thread.do_commands();
    return false;
  });
  thread.settle(20.0);
  CHECK(done == std::vector<int>{0, 1, 2});
  CHECK(where != std::this_thread::get_id());
}

TEST_CASE("to settle is to see a round that began after the call, or to give up in time") {
  std::atomic<int> value{0}, seen{0};
  std::atomic<bool> hang{false};
  CommandThread thread;
  thread.settle(20.0); // not started: nothing to wait for
  thread.start([&] {
    const int now = value;
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    seen = now;
    while (hang)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return false;
  });
  for (int n = 1; n < 20; ++n) {
    value = n;
    thread.settle(20.0);
    REQUIRE(seen == n);
  }
  hang = true;
  const auto before = std::chrono::steady_clock::now();
  thread.settle(0.03);
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(5));
  hang = false;
}

TEST_CASE("a round that has left something is followed by the next at once, commands and all") {
  int rounds = 0, done_in = 0;
  CommandThread thread;
  thread.start([&] {
    thread.do_commands();
    if (rounds == 10)
      thread.ask([&] { done_in = rounds; });
    return ++rounds < 100;
  });
  thread.settle(20.0);
  CHECK(rounds >= 100); // of which 8 ms of pause each would be 0.8 s
  CHECK(done_in == 11);
}

TEST_CASE("it looks around on its own, and no more after its end") {
  std::atomic<int> rounds{0};
  CommandThread thread;
  thread.start([&] { return ++rounds < 0; });
  CHECK(eventually([&] { return rounds > 3; }));
  thread.end();
  const int last = rounds;
  thread.start([&] { return ++rounds < 0; });
  thread.wake();
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  CHECK(rounds == last);
}

} // namespace umtn::plugin::test
