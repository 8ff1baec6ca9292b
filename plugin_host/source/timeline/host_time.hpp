// The host's time in every block, also where the host does not say it.
#pragma once

#include "steady_position.hpp"

namespace umtn::plugin {

class HostTime {
public:
  // LV2 hosts say the time when it changes, and JUCE's wrapper forgets it after that block; all
  // others say it in each block, and one without has no place.
  explicit HostTime(bool told_on_change) : told_on_change_(told_on_change) {}

  // The block that begins now. Every block, on the audio thread.
  Transport next(juce::AudioPlayHead* head, double rate, bool offline_flag,
                 int samples) noexcept UMTN_REALTIME;

private:
  Transport count_on(double rate) const noexcept;
  Transport with_news(Transport told, int samples) const noexcept;

  const bool told_on_change_;
  Transport last_; // of the block before
  int last_samples_ = 0;
  bool last_was_told_ = false;
  SteadyPosition steady_;
};

} // namespace umtn::plugin
