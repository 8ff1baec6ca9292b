// Source and result on a common timeline, with play head and region.
#pragma once

#include "../core.hpp"
#include "look.hpp"
#include "waveforms.hpp"

namespace umtn::plugin {

struct Seconds {
  double start = 0.0, end = 1.0;
  double length() const { return end - start; }
};

// Dragging in it makes a region, dragging a handle changes it. The arrow keys move the region, with
// shift its end; the wheel zooms, and Home shows everything.
class TimelineView : public juce::Component, public juce::SettableTooltipClient {
public:
  TimelineView();

  void show(const CoreView& view);
  // Only what moves all the time.
  void show_transport(const Transport& transport);

  void paint(juce::Graphics& graphics) override;
  void mouseMove(const juce::MouseEvent& event) override;
  void mouseDown(const juce::MouseEvent& event) override;
  void mouseDrag(const juce::MouseEvent& event) override;
  void mouseWheelMove(const juce::MouseEvent&, const juce::MouseWheelDetails& wheel) override;
  bool keyPressed(const juce::KeyPress& key) override;
  void focusGained(FocusChangeType) override { repaint(); }
  void focusLost(FocusChangeType) override { repaint(); }

  std::function<void(Place)> on_region;
  std::function<void(Sample)> on_locate; // empty where the host alone may

private:
  enum class Handle { none, start, end, fresh };

  juce::Rectangle<int> lane(int index) const;
  float x_of(double seconds) const;
  double seconds_at(float x) const;
  Handle handle_at(float x) const;
  Seconds everything() const;
  std::optional<Seconds> region() const;
  double rate() const { return view_.transport.rate > 0.0 ? view_.transport.rate : 48000.0; }
  void set_region(double from, double to);
  void zoom(double factor, double around);

  void paint_ruler(juce::Graphics& graphics) const;
  void paint_captured(juce::Graphics& graphics);
  void paint_takes(juce::Graphics& graphics);
  void paint_region(juce::Graphics& graphics) const;
  void paint_hint(juce::Graphics& graphics, int index, const juce::String& hint) const;
  juce::Rectangle<int> area_of(int index, Seconds seconds) const;

  CoreView view_;
  Waveforms waveforms_;
  std::optional<Seconds> zoomed_; // none: everything
  Seconds shown_{0.0, 10.0};
  Handle dragged_ = Handle::none;
  double anchor_ = 0.0;
};

// As on a clock: 1:05.3
juce::String clock_time(double seconds);

} // namespace umtn::plugin
