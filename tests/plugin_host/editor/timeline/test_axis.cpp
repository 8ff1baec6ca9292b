#include "editor/timeline/axis.hpp"

#include <doctest/doctest.h>

namespace umtn::plugin::test {

TEST_CASE("zooming keeps what lies under the mouse where it is") {
  Axis axis;
  axis.set_width(1000);
  axis.set_everything({0.0, 600.0}, false);
  const double there = axis.seconds_at(700.0f);
  for (const double factor : {0.5, 0.5, 0.9, 1.3, 0.25}) {
    axis.zoom(factor, there);
    CHECK(axis.x_of(there) == doctest::Approx(700.0).epsilon(1e-4));
  }
  CHECK_FALSE(axis.shows_everything());
  axis.show_everything();
  CHECK(axis.shows_everything());
  CHECK(axis.shown().end >= 600.0);
}

TEST_CASE("no zoom and no scroll leaves the timeline") {
  Axis axis;
  axis.set_width(500);
  for (int n = 0; n < 200; ++n)
    axis.zoom(0.5, 3.0);
  CHECK(axis.shown().length() == doctest::Approx(0.1));
  for (int n = 0; n < 200; ++n)
    axis.zoom(2.0, 3.0);
  CHECK(axis.shown().start >= 0.0);
  CHECK(axis.shown().length() <= 24.0 * 3600.0);
  axis.scroll(1e15);
  CHECK(axis.shown().start <= kLatest);
  axis.scroll(-1e15);
  CHECK(axis.shown().start == 0.0);
  CHECK(axis.x_of(1e18) == 1000.0f); // and is no number that an int cannot hold
  CHECK(axis.x_of(-1e18) == -500.0f);
}

TEST_CASE("a recording that grows changes what is seen now and then, and in the end fits") {
  Axis axis;
  axis.set_width(1000);
  axis.set_everything({0.0, 10.0}, false);
  int changes = 0;
  for (double end = 0.0; end < 600.0; end += 1.0 / 30.0)
    changes += axis.set_everything({0.0, end}, true) ? 1 : 0;
  CHECK(changes > 2);
  CHECK(changes < 20); // of 18000 looks
  CHECK(axis.shown().end > 600.0);
  CHECK(axis.set_everything({0.0, 600.0}, false));
  CHECK(axis.shown().end == doctest::Approx(624.0));
}

TEST_CASE("the page turns when the play head leaves it, and not for who has scrolled away") {
  Axis axis;
  axis.set_width(1000);
  axis.set_everything({0.0, 600.0}, false);
  CHECK_FALSE(axis.follow(100.0, 100.1)); // everything is seen
  axis.show({100.0, 110.0});
  CHECK_FALSE(axis.follow(109.0, 109.9));
  CHECK(axis.follow(109.9, 110.1));
  CHECK(axis.shown().start < 110.1);
  CHECK(axis.shown().end > 115.0);
  CHECK(axis.follow(111.0, 30.0)); // the host went back
  CHECK(axis.shown().start < 30.0);
  axis.show({200.0, 210.0});
  CHECK_FALSE(axis.follow(30.0, 30.1));
  CHECK(axis.shown().start == 200.0);
  CHECK_FALSE(axis.follow(205.0, 1e10));
}

} // namespace umtn::plugin::test
