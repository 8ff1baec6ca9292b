#include "bridge/process.hpp"
#include "support/support.hpp"

#include <doctest/doctest.h>

#if !JUCE_WINDOWS
#include <csignal>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace umtn::plugin::test {
namespace {

Start shell(const TemporaryFolder& folder, const juce::String& script) {
  Start start;
  start.words = {"/bin/sh", "-c", script.toStdString()};
  start.environment = {"PATH=/usr/bin:/bin"};
  start.folder = folder.file().getFullPathName().toStdString();
  start.log = (folder / "log").getFullPathName().toStdString();
  return start;
}

std::unique_ptr<StartedProcess> started(const Start& start) {
  bool has_room = false;
  auto process = StartedProcess::start(start, has_room);
  CHECK(has_room);
  return process;
}

} // namespace

TEST_CASE("a started program is not waited for, and is known to live until it has ended") {
  TemporaryFolder folder;
  const auto before = std::chrono::steady_clock::now();
  const auto process = started(shell(folder, "while [ ! -e end ]; do sleep 0.02; done; echo bye"));
  REQUIRE(process != nullptr);
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::milliseconds(1500));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  CHECK(process->lives());
  (folder / "end").create();
  CHECK(eventually([&] { return !process->lives(); }));
  CHECK((folder / "log").loadFileAsString() == "bye\n");
}

TEST_CASE("what does not run is told at once") {
  TemporaryFolder folder;
  auto start = shell(folder, "");
  const auto text = folder / "text";
  text.replaceWithText("hello");
  for (const auto& words : {text, folder / "nothing", folder.file()}) {
    start.words = {words.getFullPathName().toStdString()};
    CHECK(started(start) == nullptr);
  }
}

TEST_CASE("the log is for the user's eyes, is added to, and no link is followed to it") {
  TemporaryFolder folder;
  const auto log = folder / "log";
  log.replaceWithText("before\n", false, false, nullptr);
  REQUIRE(chmod(log.getFullPathName().toRawUTF8(), 0644) == 0);
  const auto run = [&] {
    const auto process = started(shell(folder, "echo said; echo wrong >&2"));
    REQUIRE(process != nullptr);
    CHECK(eventually([&] { return !process->lives(); }));
  };
  run();
  CHECK(log.loadFileAsString() == "before\nsaid\nwrong\n");
  struct stat status;
  REQUIRE(stat(log.getFullPathName().toRawUTF8(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  log.deleteFile();
  const auto other = folder / "other";
  other.replaceWithText("mine");
  REQUIRE(other.createSymbolicLink(log, true));
  run();
  CHECK(other.loadFileAsString() == "mine");
}

TEST_CASE("nothing of this process is inherited but what is given") {
  TemporaryFolder folder;
  // Files, one of them of a high number; a signal that is ignored and one that is blocked.
  const int file = open("/dev/null", O_RDONLY);
  rlimit limit;
  REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  const int high = fcntl(file, F_DUPFD, static_cast<int>(limit.rlim_cur) - 1);
  REQUIRE(high > 100);
  sigset_t blocked, before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const auto ignored = signal(SIGHUP, SIG_IGN);
  setenv("UMTN_TEST_SECRET", "x", 1);
  const auto process =
      started(shell(folder, "ls /dev/fd | wc -l; echo \"[$UMTN_TEST_SECRET]\"; pwd; "
                            "(kill -TERM $$); echo not reached"));
  const auto hang_up = started(shell(folder, "(kill -HUP $$); echo not reached"));
  unsetenv("UMTN_TEST_SECRET");
  signal(SIGHUP, ignored);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  close(high);
  close(file);
  REQUIRE(process != nullptr);
  REQUIRE(hang_up != nullptr);
  CHECK(eventually([&] { return !process->lives() && !hang_up->lives(); }));
  // Of the files: the three of everybody, one that says that it lives, and the one ls reads with.
  CHECK((folder / "log").loadFileAsString() == "5\n[]\n" + folder.file().getFullPathName() + "\n");
}

TEST_CASE("many programs started at once: none holds another's life, or a pipe of this process") {
  TemporaryFolder folder;
  const auto first = started(shell(folder, "while [ ! -e end ]; do sleep 0.02; done"));
  std::vector<std::thread> threads;
  std::atomic<int> seen_to_end{0};
  for (int n = 0; n < 8; ++n)
    threads.emplace_back([&] {
      for (int round = 0; round < 5; ++round) {
        const auto quick = started(shell(folder, "exit 0"));
        const auto slow = started(shell(folder, "exec sleep 0.5"));
        const auto begin = std::chrono::steady_clock::now();
        // Not only when those that were started beside it have ended.
        if (quick != nullptr && eventually([&] { return !quick->lives(); }))
          seen_to_end += slow == nullptr || slow->lives() ||
                         std::chrono::steady_clock::now() - begin > std::chrono::milliseconds(400);
      }
    });
  for (auto& thread : threads)
    thread.join();
  CHECK(seen_to_end == 40);
  REQUIRE(first != nullptr);
  CHECK(first->lives());
  (folder / "end").create();
  CHECK(eventually([&] { return !first->lives(); }));
}

TEST_CASE("a DAW that can open no more files is told apart from a program that does not run") {
  TemporaryFolder folder;
  rlimit before;
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit few = before;
  few.rlim_cur = 12;
  const auto start = shell(folder, "exit 0");
  bool has_room = true;
  setrlimit(RLIMIT_NOFILE, &few);
  const auto process = StartedProcess::start(start, has_room);
  setrlimit(RLIMIT_NOFILE, &before);
  CHECK(process == nullptr);
  CHECK_FALSE(has_room);
  CHECK(started(start) != nullptr); // nothing was left open, or else
}

TEST_CASE("a process that is gone is known to be") {
  CHECK(process_lives(getpid()));
  CHECK_FALSE(process_lives(2147483646));
}

} // namespace umtn::plugin::test
#endif
