#include "input_meter.hpp"

namespace umtn::plugin {

namespace {

constexpr float kLeast = -60.0f; // dB, at the lower end
constexpr float kFalls = 24.0f;  // dB in a second
constexpr double kHoldFor = 1.5; // seconds
constexpr float kHot = -6.0f;    // from here on it is drawn as a warning

} // namespace

InputMeter::InputMeter() {
  setTitle("Input level");
  setTooltip("How loud the input is. The light above it stays on once something was too loud; "
             "press it to put it out.");
}

void InputMeter::show(InputLevel level, double now) {
  const float fall =
      shown_at_ < 0.0 ? 0.0f : kFalls * static_cast<float>(std::clamp(now - shown_at_, 0.0, 1.0));
  shown_at_ = now;
  Drawn drawn;
  for (std::size_t n = 0; n < sides_.size(); ++n) {
    Side& side = sides_[n];
    const float db = juce::Decibels::gainToDecibels(level.peak[n], -100.0f);
    clipped_ = clipped_ || level.peak[n] >= 1.0f;
    side.level = std::max(db, side.level - fall);
    if (db >= side.held || now - side.held_since > kHoldFor) {
      side.held = side.level;
      side.held_since = now;
    }
    drawn.bars[n] = height_of(side.level);
    drawn.holds[n] = height_of(side.held);
  }
  drawn.clipped = clipped_;
  if (drawn == drawn_)
    return;
  drawn_ = drawn;
  repaint();
}

float InputMeter::held() const {
  return std::max(sides_[0].held, sides_[1].held);
}

int InputMeter::height_of(float db) const {
  const float part = juce::jlimit(0.0f, 1.0f, 1.0f - db / kLeast);
  return juce::roundToInt(part * static_cast<float>(scale().getHeight()));
}

void InputMeter::paint(juce::Graphics& graphics) {
  graphics.setColour(clipped_ ? colours::recording : colours::raised);
  graphics.fillRect(getLocalBounds().removeFromTop(kLight));
  const auto whole = scale();
  const int hot = height_of(kHot);
  const int width = (whole.getWidth() - 1) / 2;
  for (std::size_t n = 0; n < sides_.size(); ++n) {
    auto bar = whole.withWidth(width).withX(whole.getX() + static_cast<int>(n) * (width + 1));
    graphics.setColour(colours::panel);
    graphics.fillRect(bar);
    graphics.setColour(colours::source);
    graphics.fillRect(bar.withTop(bar.getBottom() - std::min(hot, drawn_.bars[n])));
    graphics.setColour(colours::trouble);
    if (drawn_.bars[n] > hot)
      graphics.fillRect(
          bar.withTop(bar.getBottom() - drawn_.bars[n]).withBottom(bar.getBottom() - hot));
    if (drawn_.holds[n] > 0) {
      graphics.setColour(drawn_.holds[n] > hot ? colours::trouble : colours::text);
      graphics.fillRect(bar.withTop(bar.getBottom() - drawn_.holds[n]).withHeight(1));
    }
  }
}

void InputMeter::mouseDown(const juce::MouseEvent&) {
  clipped_ = false;
  drawn_.clipped = false;
  repaint();
}

} // namespace umtn::plugin
