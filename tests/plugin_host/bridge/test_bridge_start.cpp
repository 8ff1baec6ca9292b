#include "bridge/bridge_start.hpp"
#include "support/support.hpp"
#include "timeline/pace.hpp"

#include <doctest/doctest.h>

#if !JUCE_WINDOWS

namespace umtn::plugin::test {
namespace {

struct Starting {
  void begin(const juce::String& script) { start.begin({"/bin/sh", "-c", script}, 100.0); }
  std::optional<BridgeStart::Word> word(double now = 101.0) const { return start.not_found(now); }
  bool ends() const {
    return eventually([&] { return word() && word()->link != Link::connecting; });
  }
  TemporaryFolder folder;
  Environment data{"XDG_DATA_HOME", folder.file().getFullPathName()};
  juce::File log = folder / "umtn/bridge.log";
  BridgeStart start{30.0};
};

} // namespace

TEST_CASE("nothing is said of a bridge that nobody has started, or that was found") {
  Starting bridge;
  CHECK_FALSE(bridge.word());
  bridge.begin("exec sleep 5");
  REQUIRE(bridge.word());
  bridge.start.found();
  CHECK_FALSE(bridge.word());
}

TEST_CASE("a bridge that starts is waited for, but not for ever, and started once") {
  Starting bridge;
  const auto runs = bridge.folder / "runs";
  const juce::String script = "echo >> '" + runs.getFullPathName() + "'; exec sleep 5";
  bridge.begin(script);
  bridge.begin(script);
  CHECK(bridge.word()->link == Link::connecting);
  CHECK(eventually([&] { return runs.getSize() == 1; }));
  CHECK(bridge.word(131.0)->link == Link::absent);
  CHECK(bridge.word(131.0)->sentence.contains(bridge.log.getFullPathName()));
  CHECK(bridge.word(131.0)->log == bridge.log);
  CHECK(runs.getSize() == 1);
}

TEST_CASE("a bridge that dies at its start is said to have, with its reason and its log") {
  Starting bridge;
  bridge.begin("echo 'umtn: Port 9471 is taken; name another.' >&2; exit 1");
  REQUIRE(bridge.ends());
  CHECK(bridge.word()->link == Link::absent);
  CHECK(bridge.word()->sentence.contains("could not start: Port 9471 is taken; name another."));
  CHECK(bridge.word()->sentence.contains(bridge.log.getFullPathName()));
  CHECK(bridge.word()->log == bridge.log);
  bridge.begin("exit 1"); // once more, without a word: the old one does not count
  REQUIRE(bridge.ends());
  CHECK(bridge.word()->sentence.contains("ended as soon as"));
  CHECK_FALSE(bridge.word()->sentence.contains("9471"));
}

TEST_CASE("of a bridge that has died later, the log is named if it was started from here") {
  Starting bridge;
  const auto left = bridge.folder / "bridge.json";
  left.create();
  CHECK(bridge.start.died(left).log == juce::File());
  bridge.begin("echo 'umtn: The disk is full.'");
  REQUIRE(bridge.ends());
  const auto word = bridge.start.died(left);
  CHECK(word.link == Link::stale);
  CHECK(word.sentence.contains("It said: The disk is full."));
  CHECK(word.log == bridge.log);
  // Of one that came later by a terminal, it knows nothing.
  left.setLastModificationTime(juce::Time::getCurrentTime() + juce::RelativeTime::hours(1));
  CHECK(bridge.start.died(left).log == juce::File());
}

TEST_CASE("what cannot be started is said in the light") {
  Starting bridge;
  bridge.start.begin({"program-that-nobody-has"}, 100.0);
  CHECK(bridge.word()->link == Link::absent);
  CHECK(bridge.word()->sentence.contains("program-that-nobody-has"));
  CHECK(bridge.word()->log == juce::File());
}

} // namespace umtn::plugin::test
#endif
