// Source and result on a common timeline, with ruler, play heads, region and input meter.
#pragma once

#include "input_meter.hpp"
#include "timeline/axis.hpp"
#include "timeline/drop_mark.hpp"
#include "timeline/grid.hpp"
#include "timeline/lanes.hpp"
#include "timeline/play_head.hpp"
#include "timeline/region_band.hpp"
#include "timeline/ruler.hpp"

namespace umtn::plugin {

// Dragging in the lanes makes a region, dragging a handle changes it, and a press with shift moves
// its nearer end. A press without a drag, and any in the ruler, puts the play head there. The wheel
// zooms around the mouse, with shift it scrolls; a double press on the region zooms to it, anywhere
// else it shows everything. Files that are dropped become the source.
//
// It is put together of parts that draw themselves, and only where something changed.
class TimelineView : public juce::Component,
                     public juce::SettableTooltipClient,
                     public juce::FileDragAndDropTarget {
public:
  explicit TimelineView(Waveforms& waveforms);

  void show(const CoreView& view);
  // Only what moves all the time.
  void show_transport(const Transport& transport);
  // Where the plugin itself plays while the host stands still; nothing: nowhere.
  void show_listen(std::optional<double> seconds);
  // What came in since the last time.
  void show_level(InputLevel level, bool armed);

  std::function<void(Place)> on_region;
  std::function<void(Sample)> on_locate; // empty where the host alone may
  // Where to listen from, in seconds, while the transport stands still.
  std::function<void(double)> on_listen_locate;
  // Files that were dropped: one after another from the start of the place on.
  std::function<void(const std::vector<juce::File>&, Place)> on_import;

  // Drags go to bars and beats, where the host has them.
  bool snap() const { return snap_button_.getToggleState(); }

  void zoom_to_region(); // or back, where it is seen already
  void show_everything();
  const Axis& axis() const { return axis_; }

  void paint(juce::Graphics& graphics) override;
  void paintOverChildren(juce::Graphics& graphics) override;
  void resized() override;
  void mouseMove(const juce::MouseEvent& event) override;
  void mouseDown(const juce::MouseEvent& event) override;
  void mouseDrag(const juce::MouseEvent& event) override;
  void mouseUp(const juce::MouseEvent& event) override;
  void mouseDoubleClick(const juce::MouseEvent& event) override;
  void mouseWheelMove(const juce::MouseEvent&, const juce::MouseWheelDetails& wheel) override;
  void mouseMagnify(const juce::MouseEvent& event, float factor) override;
  bool keyPressed(const juce::KeyPress& key) override;
  void focusGained(FocusChangeType) override { repaint(); }
  void focusLost(FocusChangeType) override { repaint(); }

  bool isInterestedInFileDrag(const juce::StringArray& files) override;
  void fileDragEnter(const juce::StringArray& files, int x, int y) override;
  void fileDragMove(const juce::StringArray& files, int x, int y) override;
  void fileDragExit(const juce::StringArray&) override { drop_mark_.setVisible(false); }
  void filesDropped(const juce::StringArray& files, int x, int y) override;

private:
  enum class Gesture { none, play_head, pressed, region };

  float lanes_x(float x) const { return x - static_cast<float>(lanes_.getX()); }
  double rate() const { return view_.transport.rate > 0.0 ? view_.transport.rate : 48000.0; }
  double transport_seconds() const;
  Seconds everything() const;
  void fit();
  void axis_changed();
  void place_heads();
  double snapped(double seconds, const juce::ModifierKeys& keys) const;
  void set_region(double from, double to);
  void locate(double seconds);
  void move_region(bool left, bool only_end);
  double drop_seconds(int x) const;

  CoreView view_;
  Axis axis_;
  Ruler ruler_{axis_};
  Lanes lanes_;
  RegionBand band_{axis_};
  PlayHead play_head_{colours::text}, listen_head_{colours::result};
  DropMark drop_mark_{axis_};
  InputMeter meter_;
  juce::TextButton snap_button_{"Snap"};
  bool follow_ = true; // what is seen goes along with the play head
  Gesture gesture_ = Gesture::none;
  double anchor_ = 0.0; // the region's end that stays
};

} // namespace umtn::plugin
