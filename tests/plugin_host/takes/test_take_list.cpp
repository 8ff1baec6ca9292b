#include "takes/take_list.hpp"

#include <doctest/doctest.h>

namespace umtn::plugin::test {
namespace {

Take take(const juce::String& id, Sample start, Sample end, TakeState state = TakeState::done) {
  Take made;
  made.id = id;
  made.place = {{start, end}, 48000.0};
  made.state = state;
  return made;
}

juce::String order(const TakeList& takes) {
  juce::String ids;
  for (const Take& one : takes.all())
    ids += one.id;
  return ids;
}

} // namespace

TEST_CASE("takes of one place take turns, those elsewhere stay out of it") {
  TakeList takes;
  takes.add(take("a", 0, 100));
  takes.add(take("b", 50, 150));
  takes.add(take("x", 1000, 1100));
  takes.add(take("c", 0, 100));
  takes.add(take("u", 0, 100, TakeState::running));
  CHECK(takes.rivals("a") == std::vector<juce::String>{"c", "b", "a"});
  takes.next_rival("a");
  CHECK(takes.rivals("a").front() == "a");
  takes.next_rival("a");
  CHECK(takes.rivals("a").front() == "b");
  takes.next_rival("a");
  CHECK(takes.rivals("a").front() == "c");
  takes.bring_to_top("a");
  CHECK(order(takes) == "xubca");
  takes.next_rival("nobody");
  CHECK(order(takes) == "xubca");
}

TEST_CASE("a take at another sample rate is at the same place in time") {
  TakeList takes;
  takes.add(take("a", 0, 48000));
  auto other = take("b", 0, 88200);
  other.place.rate = 88200.0;
  takes.add(other);
  other.id = "c";
  other.place.range = {88200, 90000};
  takes.add(other);
  CHECK(takes.rivals("a") == std::vector<juce::String>{"b", "a"});
}

TEST_CASE("mute and solo decide what is heard") {
  TakeList takes;
  takes.add(take("a", 0, 100));
  takes.add(take("b", 0, 100));
  takes.mute("a", true);
  CHECK_FALSE(takes.audible(*takes.find("a")));
  CHECK(takes.audible(*takes.find("b")));
  takes.solo("a");
  CHECK(takes.audible(*takes.find("a")));
  CHECK_FALSE(takes.audible(*takes.find("b")));
  takes.remove("a");
  CHECK(takes.soloed().isEmpty());
  CHECK(takes.audible(*takes.find("b")));
}

TEST_CASE("a twin is of the same place and recording, made in the same way, and not failed") {
  TakeList takes;
  auto one = take("a", 0, 100);
  one.recording = "r";
  takes.add(one);
  auto again = one;
  again.id = "new";
  REQUIRE(takes.twin(again) != nullptr);
  CHECK(takes.twin(again)->id == "a");
  CHECK(takes.unused_seed(again) == 1);
  for (const auto change : {0, 1, 2, 3, 4}) {
    auto other = again;
    switch (change) {
    case 0:
      other.place.range.end = 101;
      break;
    case 1:
      other.recording = "recorded later";
      break;
    case 2:
      other.settings.seed = 1;
      break;
    case 3:
      other.settings.dynamics = 0.5f;
      break;
    case 4:
      other.recording = {}; // not known
      break;
    }
    CHECK(takes.twin(other) == nullptr);
    CHECK(takes.unused_seed(other) == other.settings.seed);
  }
  takes.find("a")->state = TakeState::failed;
  CHECK(takes.twin(again) == nullptr);
  takes.find("a")->state = TakeState::running;
  one.id = "b";
  one.settings.seed = kSeeds - 1;
  takes.add(one);
  again.settings.seed = kSeeds - 1;
  CHECK(takes.unused_seed(again) == 1); // 0 is a's
}

TEST_CASE("a name is trimmed, and not endless") {
  TakeList takes;
  takes.add(take("a", 0, 100));
  takes.rename("a", "  " + juce::String::repeatedString("x", 1000));
  CHECK(takes.find("a")->name == juce::String::repeatedString("x", kLongestName));
  takes.rename("a", " ");
  CHECK(takes.find("a")->name.isEmpty());
  takes.rename("nobody", "x");
}

} // namespace umtn::plugin::test
