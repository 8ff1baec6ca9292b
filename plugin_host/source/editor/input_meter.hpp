// How loud the input is: a bar for each side, its last peak, and a light for what was too loud.
#pragma once

#include "../capture/capture.hpp"
#include "look.hpp"

#include <array>

namespace umtn::plugin {

// The light stays on until it is pressed.
class InputMeter : public juce::Component, public juce::SettableTooltipClient {
public:
  InputMeter();

  // What came in since the last time; many times a second, `now` in seconds of a steady clock.
  void show(InputLevel level, double now);
  bool clipped() const { return clipped_; }
  // In dB of full scale; of the louder side, the last peak that is held.
  float held() const;

  void paint(juce::Graphics& graphics) override;
  void mouseDown(const juce::MouseEvent&) override;

private:
  struct Side {
    float level = -100.0f, held = -100.0f; // dB
    double held_since = 0.0;
  };
  struct Drawn { // in pixels
    std::array<int, 2> bars{}, holds{};
    bool clipped = false;
    bool operator==(const Drawn& other) const {
      return bars == other.bars && holds == other.holds && clipped == other.clipped;
    }
  };
  int height_of(float db) const;
  juce::Rectangle<int> scale() const { return getLocalBounds().withTrimmedTop(kLight + 1); }

  static constexpr int kLight = 5;
  std::array<Side, 2> sides_;
  double shown_at_ = -1.0;
  bool clipped_ = false;
  Drawn drawn_;
};

} // namespace umtn::plugin
