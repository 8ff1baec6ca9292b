#include "region_band.hpp"

namespace umtn::plugin {

namespace {

constexpr float kGrip = 6.0f;
constexpr int kHandle = 6; // half its width, and a pixel

} // namespace

void RegionBand::show(std::optional<Seconds> region) {
  if (region == region_)
    return;
  const auto before = region_;
  region_ = region;
  if (!before || !region)
    return repaint();
  const auto differs = [this](double from, double to) {
    const float a = axis_.x_of(from), b = axis_.x_of(to);
    if (a != b)
      repaint(static_cast<int>(std::floor(std::min(a, b))) - kHandle, 0,
              static_cast<int>(std::ceil(std::abs(a - b))) + 2 * kHandle, getHeight());
  };
  differs(before->start, region->start);
  differs(before->end, region->end);
}

RegionBand::Handle RegionBand::handle_at(float x) const {
  if (!region_)
    return Handle::none;
  const float to_start = std::abs(x - axis_.x_of(region_->start));
  const float to_end = std::abs(x - axis_.x_of(region_->end));
  if (std::min(to_start, to_end) > kGrip)
    return Handle::none;
  return to_start < to_end ? Handle::start : Handle::end;
}

bool RegionBand::contains(double seconds) const {
  return region_ && seconds >= region_->start && seconds <= region_->end;
}

void RegionBand::paint(juce::Graphics& graphics) {
  if (!region_)
    return;
  const float left = axis_.x_of(region_->start);
  const float right = std::max(left + 1.0f, axis_.x_of(region_->end));
  const float height = static_cast<float>(getHeight());
  graphics.setColour(colours::region.withAlpha(0.14f));
  graphics.fillRect(left, 0.0f, right - left, height);
  graphics.setColour(colours::region);
  for (const float x : {left, right}) {
    graphics.fillRect(x - 1.0f, 0.0f, 2.0f, height);
    graphics.fillRoundedRectangle(x - 4.0f, 0.0f, 8.0f, 14.0f, 2.0f);
  }
}

} // namespace umtn::plugin
