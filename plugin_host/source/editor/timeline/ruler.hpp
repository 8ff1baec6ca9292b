// The ruler above the lanes.
#pragma once

#include "../look.hpp"
#include "axis.hpp"
#include "grid.hpp"

namespace umtn::plugin {

class Ruler : public juce::Component {
public:
  static constexpr int kHeight = 22;
  static constexpr double kApart = 80.0; // pixels from one text to the next, at the least

  explicit Ruler(const Axis& axis) : axis_(axis) { setInterceptsMouseClicks(false, false); }

  void set_grid(const Grid& grid);
  const Grid& grid() const { return grid_; }
  void paint(juce::Graphics& graphics) override;

private:
  const Axis& axis_;
  Grid grid_;
};

} // namespace umtn::plugin
