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
  thread.start([&] { thread.do_commands(); });
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

TEST_CASE("it looks around on its own, and no more after its end") {
  std::atomic<int> rounds{0};
  CommandThread thread;
  thread.start([&] { ++rounds; });
  CHECK(eventually([&] { return rounds > 3; }));
  thread.end();
  const int last = rounds;
  thread.start([&] { ++rounds; });
  thread.wake();
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  CHECK(rounds == last);
}

} // namespace umtn::plugin::test
