#include "hands.hpp"

#include <doctest/doctest.h>

namespace umtn::plugin::test {

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
