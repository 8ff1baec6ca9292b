// The region over both lanes, with a handle at each end.
#pragma once

#include "../look.hpp"
#include "axis.hpp"

#include <optional>

namespace umtn::plugin {

class RegionBand : public juce::Component {
public:
  enum class Handle { none, start, end };

  explicit RegionBand(const Axis& axis) : axis_(axis) { setInterceptsMouseClicks(false, false); }

  // Only what differs is drawn again.
  void show(std::optional<Seconds> region);
  std::optional<Seconds> region() const { return region_; }
  Handle handle_at(float x) const;
  bool contains(double seconds) const;

  void paint(juce::Graphics& graphics) override;

private:
  const Axis& axis_;
  std::optional<Seconds> region_;
};

} // namespace umtn::plugin
