#include "bridge/address.hpp"
#include "support/support.hpp"

#include <doctest/doctest.h>

#if !JUCE_WINDOWS
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace umtn::plugin::test {

TEST_CASE("an address file is read, and one that makes no sense is none") {
  TemporaryFolder folder;
  const auto file = folder / "bridge.json";
  CHECK_FALSE(read_bridge_address(file));
  file.replaceWithText(R"({"protocol": 1, "version": "1.2", "pid": 77, "host": "0.0.0.0",
    "port": 9999, "http_port": 9998, "session_folder": "/music/x", "started": "now"})");
  const auto address = read_bridge_address(file);
  REQUIRE(address);
  CHECK(address->host == "127.0.0.1"); // which is where one that listens everywhere is
  CHECK(address->port == 9999);
  CHECK(address->pid == 77);
  CHECK(address->session_folder == juce::File("/music/x"));
  CHECK(address->token.isEmpty()); // an older bridge has none
  for (const auto* text :
       {"", "{", "[1]", "{}", R"({"port": 0})", R"({"port": 70000})", R"({"port": "x"})"}) {
    file.replaceWithText(text);
    CHECK_FALSE(read_bridge_address(file));
  }
}

#if JUCE_LINUX
TEST_CASE("the bridge is looked for where its environment says") {
  TemporaryFolder folder;
  const Environment runtime("XDG_RUNTIME_DIR", (folder / "run").getFullPathName());
  const auto file = folder / "run/umtn/bridge.json";
  file.create();
  file.replaceWithText(R"({"port": 9999})");
  CHECK(bridge_file() == file);
  const Environment given("UMTN_BRIDGE_FILE", (folder / "other.json").getFullPathName());
  CHECK(bridge_file() == folder / "other.json");
}

TEST_CASE("a bridge whose environment has no run-time folder, or another one, is found too") {
  TemporaryFolder folder;
  const Environment runtime("XDG_RUNTIME_DIR", (folder / "run").getFullPathName());
  const Environment temporary("TMPDIR", folder.file().getFullPathName());
  const auto user = juce::String(static_cast<int>(geteuid()));
  const auto left = folder / "run/umtn/bridge.json";
  const auto live = folder / ("runtime-" + user + "/umtn/bridge.json");
  const auto lives = [](int pid) { return R"({"port": 9999, "pid": )" + juce::String(pid) + "}"; };
  live.create();
  live.replaceWithText(lives(getpid()));
  CHECK(bridge_file() == live);
  // Not even where another bridge has died without a word.
  left.create();
  left.replaceWithText(lives(2147483646));
  CHECK(bridge_file() == live);
  live.replaceWithText(lives(2147483646));
  CHECK(bridge_file() == left);
}

TEST_CASE("another user's address file is none") {
  if (geteuid() != 0)
    return; // only root can make one
  TemporaryFolder folder;
  const auto file = folder / "bridge.json";
  file.replaceWithText(R"({"port": 9999})");
  REQUIRE(read_bridge_address(file));
  REQUIRE(chown(file.getFullPathName().toRawUTF8(), 65534, 65534) == 0);
  CHECK_FALSE(read_bridge_address(file));
}

TEST_CASE("a file that others may have written, or a pipe that they have put there, is none") {
  TemporaryFolder folder;
  const auto file = folder / "bridge.json";
  const auto name = file.getFullPathName();
  file.replaceWithText(R"({"port": 9999, "token": "correct horse"})");
  REQUIRE(chmod(name.toRawUTF8(), 0600) == 0);
  REQUIRE(read_bridge_address(file));
  CHECK(read_bridge_address(file)->token == "correct horse");
  for (const auto mode : {0620u, 0602u}) {
    REQUIRE(chmod(name.toRawUTF8(), mode) == 0);
    CHECK_FALSE(read_bridge_address(file));
  }
  file.deleteFile();
  REQUIRE(mkfifo(name.toRawUTF8(), 0600) == 0);
  CHECK_FALSE(read_bridge_address(file)); // and is not waited for
}

#endif

} // namespace umtn::plugin::test
