// The two lanes: the waveforms of what was recorded, and of what is heard in its place.
#pragma once

#include "../look.hpp"
#include "../waveforms.hpp"
#include "axis.hpp"
#include "strips.hpp"

namespace umtn::plugin {

// It is kept as an image, at the display's scale: what moves over it costs no drawing of it.
class Lanes : public juce::Component {
public:
  Lanes(const Axis& axis, Waveforms& waveforms);

  // Only what differs is drawn again.
  void show(const CoreView& view);
  // Waveforms that were built meanwhile.
  void refresh();
  juce::Rectangle<int> lane(Strip::Lane lane) const;

  void paint(juce::Graphics& graphics) override;

private:
  void paint_strip(juce::Graphics& graphics, const Strip& strip);
  void paint_progress(juce::Graphics& graphics, const Strip& strip, juce::Rectangle<float> area);
  void paint_hint(juce::Graphics& graphics, Strip::Lane lane, const juce::String& hint) const;
  juce::Rectangle<float> area_of(const Strip& strip) const;
  void repaint_stretch(Strip::Lane lane, Seconds stretch);

  const Axis& axis_;
  Waveforms& waveforms_;
  std::vector<Strip> strips_;
  juce::uint64 drawn_ = 0; // the waveforms' revision
};

} // namespace umtn::plugin
