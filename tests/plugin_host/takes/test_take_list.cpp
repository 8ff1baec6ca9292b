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

} // namespace umtn::plugin::test
