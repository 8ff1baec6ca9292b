#include "bridge/bridge_log.hpp"
#include "support/support.hpp"

#include <doctest/doctest.h>

namespace umtn::plugin::test {

TEST_CASE("a bridge's last words are those that it says to people, as a sentence") {
  TemporaryFolder folder;
  BridgeLog log(folder / "umtn/bridge.log");
  CHECK(log.last_words(true).isEmpty());
  log.begin();
  log.file().appendText("Traceback\nValueError: an older start\n");
  log.begin();
  CHECK(log.last_words(true).isEmpty()); // nothing yet of this one
  log.file().appendText("Models: none\n\numtn: Port 9471 is taken; name another with --port\n");
  CHECK(log.last_words(true) == "Port 9471 is taken; name another with --port.");
  CHECK(log.last_words(false) == "Port 9471 is taken; name another with --port.");
  log.file().appendText("ended; what was being rendered is saved\n");
  CHECK(log.last_words(true) == "Port 9471 is taken; name another with --port.");
  CHECK(log.last_words(false).isEmpty()); // an old warning is no reason for an end
  log.begin();
  log.file().appendText("ModuleNotFoundError: No module named 'bridge'\n");
  CHECK(log.last_words(true) == "ModuleNotFoundError: No module named 'bridge'.");
  CHECK(log.last_words(false).isEmpty());
}

TEST_CASE("a log does not grow for ever, and last words are found at the end of a long one") {
  TemporaryFolder folder;
  BridgeLog log(folder / "bridge.log");
  log.begin();
  juce::FileOutputStream stream(log.file());
  const auto line = juce::String::repeatedString("x", 99) + "\n";
  for (int n = 0; n < 10'000; ++n)
    stream.writeText(line, false, false, nullptr);
  stream.writeText("umtn: It is full.\n", false, false, nullptr);
  stream.flush();
  log.keep_small();
  CHECK(log.file().getSize() > 1'000'000); // that much is kept
  CHECK(log.last_words(false) == "It is full.");
  for (int n = 0; n < 1'000; ++n)
    stream.writeText(line, false, false, nullptr);
  stream.flush();
  log.keep_small();
  CHECK(log.file().getSize() == 0);
  log.file().appendText("umtn: It goes on.\n");
  CHECK(log.last_words(false) == "It goes on.");
}

} // namespace umtn::plugin::test
