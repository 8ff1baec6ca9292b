#include "core/can_render.hpp"

#include <doctest/doctest.h>

namespace umtn::plugin::test {

TEST_CASE("why nothing can be rendered is said in a sentence that says what to do") {
  Connection connection;
  const RenderSettings flute = {"default", "flute"}, none = {"default", ""};
  CHECK(why_not_render(connection, flute).isEmpty()); // it waits for the bridge
  CHECK(why_not_render(connection, none).contains("bridge"));
  connection.link = Link::absent;
  connection.sentence = "There is no bridge: start it.";
  CHECK(why_not_render(connection, none) == connection.sentence);
  CHECK(why_not_render(connection, flute).isEmpty());

  connection.link = Link::connected;
  connection.sentence = {};
  CHECK(why_not_render(connection, none).contains("instruments yet"));
  CHECK(why_not_render(connection, flute).isEmpty());
  connection.models = {{"default", {"flute", "horn"}, {}, {}}};
  CHECK(why_not_render(connection, none) == "Choose an instrument first.");
  CHECK(why_not_render(connection, flute).isEmpty());
  CHECK(why_not_render(connection, {"default", "kazoo"}).contains("has no kazoo"));
  CHECK(why_not_render(connection, {"big", "flute"}).contains("no model big"));
}

} // namespace umtn::plugin::test
