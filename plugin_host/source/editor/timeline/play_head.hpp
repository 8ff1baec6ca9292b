// A line that moves over the lanes. As a part of its own it has only itself to be drawn again.
#pragma once

#include "../look.hpp"
#include "axis.hpp"

#include <optional>

namespace umtn::plugin {

class PlayHead : public juce::Component {
public:
  explicit PlayHead(juce::Colour colour) : colour_(colour) {
    setInterceptsMouseClicks(false, false);
    setVisible(false);
  }

  // Nothing: it is not shown.
  void show(std::optional<double> seconds) { seconds_ = seconds; }
  std::optional<double> seconds() const { return seconds_; }

  void place(const Axis& axis, juce::Rectangle<int> lanes) {
    const auto shown = axis.shown();
    const bool seen = seconds_ && *seconds_ >= shown.start && *seconds_ <= shown.end;
    setVisible(seen);
    if (seen)
      setBounds(
          lanes.withX(lanes.getX() + juce::roundToInt(axis.x_of(*seconds_)) - 1).withWidth(2));
  }
  void paint(juce::Graphics& graphics) override { graphics.fillAll(colour_); }

private:
  const juce::Colour colour_;
  std::optional<double> seconds_;
};

} // namespace umtn::plugin
