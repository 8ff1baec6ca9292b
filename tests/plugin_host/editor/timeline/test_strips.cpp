#include "editor/timeline/strips.hpp"

#include <doctest/doctest.h>

namespace umtn::plugin::test {
namespace {

Place place(double start, double end) {
  return {{std::llround(start * 48000.0), std::llround(end * 48000.0)}, 48000.0};
}

CoreView view() {
  CoreView view;
  view.captured = {{place(1.0, 5.0), juce::File("/a.wav"), 480, 2}};
  Take take;
  take.id = "one";
  take.place = place(2.0, 4.0);
  take.result = juce::File("/b.wav");
  take.state = TakeState::done;
  view.takes = {take};
  return view;
}

} // namespace

TEST_CASE("strips say what lies where, and what of it is heard") {
  auto shown = view();
  const auto strips = strips_of(shown);
  REQUIRE(strips.size() == 2);
  CHECK(strips[0].lane == Strip::Lane::source);
  CHECK(strips[0].place == Seconds{1.0, 5.0});
  CHECK(strips[0].offset == doctest::Approx(0.01));
  CHECK(strips[1].lane == Strip::Lane::result);
  CHECK(strips[1].covers);
  shown.takes[0].muted = true;
  CHECK_FALSE(strips_of(shown)[1].heard);
  shown.takes[0].muted = false;
  shown.soloed = "another";
  CHECK_FALSE(strips_of(shown)[1].heard);
  shown.takes[0].state = TakeState::failed;
  CHECK(strips_of(shown).size() == 1);
}

TEST_CASE("a recording that grew is drawn again at its end only") {
  auto shown = view();
  const auto before = strips_of(shown);
  CHECK(change_between(before, strips_of(shown)).stretches.empty());
  shown.captured[0].place = place(1.0, 5.25);
  const auto change = change_between(before, strips_of(shown));
  CHECK_FALSE(change.everything);
  REQUIRE(change.stretches.size() == 1);
  CHECK(change.stretches[0].first == Strip::Lane::source);
  CHECK(change.stretches[0].second == Seconds{5.0, 5.25});
}

TEST_CASE("what moved is drawn again where it was and where it is") {
  auto shown = view();
  const auto before = strips_of(shown);
  shown.takes[0].place = place(7.0, 9.0);
  const auto change = change_between(before, strips_of(shown));
  REQUIRE(change.stretches.size() == 2);
  CHECK(change.stretches[0].second == Seconds{2.0, 4.0});
  CHECK(change.stretches[1].second == Seconds{7.0, 9.0});
  shown.takes.clear();
  CHECK(change_between(before, strips_of(shown)).everything);
}

} // namespace umtn::plugin::test
