#include "editor/timeline/grid.hpp"

#include <chrono>
#include <doctest/doctest.h>

namespace umtn::plugin::test {
namespace {

// Four quarters at 120 a minute: a beat is half a second, a bar two.
Transport transport(double seconds = 0.0, double bpm = 120.0) {
  Transport made;
  made.rate = 48000.0;
  made.has_position = made.has_beats = true;
  made.position = std::llround(seconds * made.rate);
  made.bpm = bpm;
  made.quarter = seconds * bpm / 60.0;
  made.bar_quarter = std::floor(made.quarter / 4.0) * 4.0;
  return made;
}

std::vector<juce::String> texts(const std::vector<Grid::Line>& lines) {
  std::vector<juce::String> texts;
  for (const auto& line : lines)
    if (line.text.isNotEmpty())
      texts.push_back(line.text);
  return texts;
}

} // namespace

TEST_CASE("the ruler counts bars and beats where the host does, and else the seconds") {
  const Grid beats(transport(7.3));
  REQUIRE(beats.has_beats());
  using Texts = std::vector<juce::String>;
  CHECK(texts(beats.lines({0.0, 3.9}, 1.0)) == Texts{"1", "2"});
  CHECK(texts(beats.lines({2.0, 4.0}, 0.4)) == Texts{"2", "2.2", "2.3", "2.4", "3"});
  CHECK(texts(beats.lines({0.0, 60.0}, 7.0)) == Texts{"1", "5", "9", "13", "17", "21", "25", "29"});
  for (const auto& line : beats.lines({0.0, 30.0}, 1.0))
    CHECK(std::abs(line.at * 2.0 - std::round(line.at * 2.0)) < 1e-9);

  CHECK(texts(Grid().lines({0.0, 10.0}, 4.0)) == Texts{"0:00.0", "0:05.0", "0:10.0"});
  auto without = transport();
  without.has_beats = false;
  CHECK_FALSE(Grid(without).has_beats());
}

TEST_CASE("a stretch is named as the ruler names it") {
  const Grid beats(transport(7.3));
  CHECK(beats.words({4.0, 12.0}) == "bar 3 to 7");
  CHECK(beats.words({4.5, 12.0}) == "bar 3.2 to 7");
  CHECK(Grid().words({4.0, 65.3}) == "0:04.0 to 1:05.3");
}

TEST_CASE("bars have the host's signature, and begin where it says") {
  auto waltz = transport();
  waltz.beats_in_bar = 6;
  waltz.beat_unit = 8;
  waltz.position = 48000 * 10;
  waltz.quarter = 21.0; // a bar of three quarters began at 19.5
  waltz.bar_quarter = 19.5;
  const Grid grid(waltz);
  const double bar = 10.0 - 1.5 * 0.5;
  CHECK(grid.snapped(bar + 0.1, 2.0) == doctest::Approx(bar));
  CHECK(grid.snapped(bar + 0.1, 0.2) == doctest::Approx(bar + 0.125)); // quarters of an eighth
  CHECK(grid.snapped(bar + 0.1, 0.6) == doctest::Approx(bar));         // an eighth is 0.25 s
  CHECK(grid.snapped(bar + 0.2, 0.6) == doctest::Approx(bar + 0.25));
}

TEST_CASE("what snaps lies on a line that is seen, and never before the start") {
  const Grid grid(transport(3.0));
  for (const double apart : {0.05, 0.4, 3.0, 40.0, 4000.0})
    for (const double at : {0.0, 0.2, 1.9, 7.77, 500.3, 86400.1}) {
      const double snapped = grid.snapped(at, apart);
      CHECK(snapped >= 0.0);
      CHECK(std::abs(snapped - at) <= grid.step(apart));
      bool seen = false;
      for (const auto& line : grid.lines({snapped - 0.001, snapped + 0.001}, apart))
        seen = seen || std::abs(line.at - snapped) < 1e-6;
      CHECK(seen);
    }
  CHECK(Grid().snapped(1.234, 1.0) == 1.234);
}

TEST_CASE("no stretch and no host makes more lines than can be drawn, or takes time") {
  std::vector<Grid> grids = {Grid(), Grid(transport(1e10)), Grid(transport(0.0, 9999.0))};
  for (const double wrong : {0.0, -5.0, 1e300, std::nan("")}) {
    auto strange = transport();
    strange.bpm = wrong;
    grids.emplace_back(strange);
    strange = transport();
    strange.bar_quarter = wrong;
    strange.beats_in_bar = 0;
    strange.beat_unit = 0;
    grids.emplace_back(strange);
  }
  const auto before = std::chrono::steady_clock::now();
  for (const Grid& grid : grids)
    for (const Seconds shown : {Seconds{0.0, 0.1}, Seconds{0.0, 86400.0}, Seconds{0.0, 1e10},
                                Seconds{1e10, 1e10 + 0.1}, Seconds{0.0, 1e18}})
      for (const double apart : {1e-9, 0.1 * shown.length(), shown.length()}) {
        CHECK(grid.lines(shown, apart).size() <= 1000);
        CHECK(std::isfinite(grid.snapped(shown.end, apart)));
      }
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(2));
}

TEST_CASE("a host's rounding does not make another ruler, another tempo does") {
  const Grid grid(transport(3.0));
  auto later = transport(50.0);
  later.position += 1;
  CHECK(Grid(later).looks_like(grid));
  CHECK_FALSE(Grid(transport(3.0, 121.0)).looks_like(grid));
  CHECK_FALSE(Grid().looks_like(grid));
}

TEST_CASE("times are written as on a clock") {
  CHECK(clock_time(0.0) == "0:00.0");
  CHECK(clock_time(65.34) == "1:05.3");
  CHECK(clock_time(3605.3) == "1:00:05.3");
  CHECK(clock_time(1e300).isNotEmpty());
}

} // namespace umtn::plugin::test
