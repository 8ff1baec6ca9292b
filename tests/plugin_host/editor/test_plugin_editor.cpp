#include "hands.hpp"

#include <doctest/doctest.h>

namespace umtn::plugin::test {

namespace {

// Counts what of a window is drawn again.
struct Counter : juce::CachedComponentImage {
  explicit Counter(int& count) : count(count) {}
  void paint(juce::Graphics&) override {}
  bool invalidateAll() override { return ++count, true; }
  bool invalidate(const juce::Rectangle<int>&) override { return ++count, true; }
  void releaseResources() override {}
  int& count;
};

} // namespace

TEST_CASE("a window in which nothing changes draws nothing") {
  Desk desk;
  desk.record(1.0, 2.0);
  desk.render();
  pump(1.0); // waveforms are read, the meter has fallen
  int drawn = 0;
  desk.window.editor->setCachedComponentImage(new Counter(drawn));
  drawn = 0; // that was one
  pump(1.0); // thirty looks at the core
  CHECK(drawn == 0);
  press(desk.window("Another variation"));
  CHECK(drawn > 0);
}

TEST_CASE("Render asks the core for the region that was dragged") {
  Window window;
  auto& timeline = window("Timeline");
  CHECK_FALSE(window("Render").isEnabled());
  drag(timeline, {200, 60}, {400, 60});
  REQUIRE(window.processor.core().region().current());
  REQUIRE(soon([&] { return window("Render").isEnabled(); }));
  CHECK(window.processor.core().view().message.isEmpty());

  press(window("Render"));
  // Nothing was recorded there, and the window says so.
  REQUIRE(soon([&] { return window.processor.core().view().message.isNotEmpty(); }));
  CHECK(soon([&] { return find(*window.editor, window.processor.core().view().message); }));
}

} // namespace umtn::plugin::test
