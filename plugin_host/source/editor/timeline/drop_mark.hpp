// What is seen while a file hovers over the timeline: where it would go.
#pragma once

#include "../look.hpp"
#include "axis.hpp"

namespace umtn::plugin {

class DropMark : public juce::Component {
public:
  explicit DropMark(const Axis& axis) : axis_(axis) {
    setInterceptsMouseClicks(false, false);
    setVisible(false);
  }

  void show(double seconds, bool at_mouse, int files);
  void paint(juce::Graphics& graphics) override;

private:
  const Axis& axis_;
  double seconds_ = 0.0;
  juce::String text_;
};

} // namespace umtn::plugin
