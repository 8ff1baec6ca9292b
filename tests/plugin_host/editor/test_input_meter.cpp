#include "editor/input_meter.hpp"

#include <doctest/doctest.h>

namespace umtn::plugin::test {

TEST_CASE("the meter holds the last peak for a while, and then lets it fall") {
  InputMeter meter;
  meter.setSize(11, 100);
  meter.show({{0.5f, 0.1f}}, 0.0);
  CHECK(meter.held() == doctest::Approx(-6.0).epsilon(0.01));
  for (double now = 0.0; now < 1.4; now += 0.033)
    meter.show({{0.0f, 0.0f}}, now);
  CHECK(meter.held() == doctest::Approx(-6.0).epsilon(0.01));
  for (double now = 1.4; now < 8.0; now += 0.033)
    meter.show({{0.0f, 0.0f}}, now);
  CHECK(meter.held() < -60.0f);
  meter.show({{0.01f, 0.25f}}, 8.0); // the louder side counts
  CHECK(meter.held() == doctest::Approx(-12.0).epsilon(0.01));
}

TEST_CASE("the light for what was too loud stays on until it is pressed") {
  InputMeter meter;
  meter.setSize(11, 100);
  meter.show({{0.99f, 0.99f}}, 0.0);
  CHECK_FALSE(meter.clipped());
  meter.show({{0.2f, 1.0f}}, 0.1);
  meter.show({{0.0f, 0.0f}}, 60.0);
  CHECK(meter.clipped());
  const auto source = juce::Desktop::getInstance().getMainMouseSource();
  meter.mouseDown(
      {source, {}, {}, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, &meter, &meter, {}, {}, {}, 1, false});
  CHECK_FALSE(meter.clipped());
}

} // namespace umtn::plugin::test
