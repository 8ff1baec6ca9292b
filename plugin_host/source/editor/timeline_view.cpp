#include "timeline_view.hpp"

#include "../timeline/pace.hpp"

namespace umtn::plugin {

namespace {
constexpr int kLabel = 72; // left of the lanes
constexpr int kMeter = 11;
} // namespace

TimelineView::TimelineView(Waveforms& waveforms) : lanes_(axis_, waveforms) {
  setWantsKeyboardFocus(true);
  setTitle("Timeline");
  setTooltip(
      "Drag to choose the region; drag its edges to change it; press to put the play head there. "
      "The wheel zooms, with shift it scrolls. A double click on the region, or Z, zooms to it; "
      "Home shows all. Arrow keys move the region, with shift its end. N: snap to bars and beats, "
      "Ctrl or Cmd holds it off; F: follow the play head. Audio files can be dropped here.");
  for (auto* part : std::initializer_list<juce::Component*>{&ruler_, &lanes_, &band_, &listen_head_,
                                                            &play_head_, &meter_, &drop_mark_})
    addChildComponent(part);
  for (auto* part : std::initializer_list<juce::Component*>{&ruler_, &lanes_, &band_})
    part->setVisible(true);
  addChildComponent(snap_button_);
  snap_button_.setClickingTogglesState(true);
  snap_button_.setToggleState(true, juce::dontSendNotification);
  snap_button_.setTooltip("Drags go to bars and beats; hold Ctrl or Cmd to place them freely");
  snap_button_.setWantsKeyboardFocus(false);
}

void TimelineView::show(const CoreView& view) {
  const auto transport = view_.transport;
  view_ = view;
  view_.transport = transport; // show_transport looks at what is new of it
  lanes_.show(view_);
  band_.show(view_.region ? std::optional<Seconds>(seconds_of(*view_.region)) : std::nullopt);
  show_transport(view.transport);
  fit();
}

void TimelineView::show_transport(const Transport& transport) {
  const double before = transport_seconds();
  const bool stopped = view_.transport.playing && !transport.playing;
  view_.transport = transport;
  const double now = transport_seconds();
  lanes_.refresh();
  ruler_.set_grid(Grid(transport));
  snap_button_.setVisible(ruler_.grid().has_beats());
  play_head_.show(transport.has_position ? std::optional<double>(now) : std::nullopt);
  if (transport.playing || stopped)
    fit();
  if (follow_ && gesture_ == Gesture::none && axis_.follow(before, now))
    axis_changed();
  place_heads();
}

void TimelineView::show_listen(std::optional<double> seconds) {
  const auto before = listen_head_.seconds();
  listen_head_.show(seconds);
  if (follow_ && gesture_ == Gesture::none && before && seconds && axis_.follow(*before, *seconds))
    axis_changed();
  place_heads();
}

void TimelineView::show_level(InputLevel level, bool armed) {
  meter_.setVisible(armed);
  meter_.show(armed ? level : InputLevel(), steady_seconds());
}

double TimelineView::transport_seconds() const {
  return seconds_of(view_.transport.position, rate());
}

Seconds TimelineView::everything() const {
  Seconds all{kLatest, 0.0};
  const auto include = [&](Seconds part) {
    if (part.start > kLatest || part.end < 0.0)
      return; // a broken session's, which would leave nothing else to be seen
    all.start = std::min(all.start, std::max(0.0, part.start));
    all.end = std::max(all.end, std::min(kLatest, part.end));
  };
  for (const Clip& clip : view_.captured)
    include(seconds_of(clip.place));
  for (const Take& take : view_.takes)
    include(seconds_of(take.place));
  if (view_.region)
    include(seconds_of(*view_.region));
  if (view_.transport.rolling())
    include({transport_seconds(), transport_seconds()});
  return all.end > all.start ? all : Seconds{0.0, 10.0};
}

void TimelineView::fit() {
  if (gesture_ == Gesture::none && axis_.set_everything(everything(), view_.transport.playing))
    axis_changed();
}

void TimelineView::axis_changed() {
  for (auto* part : std::initializer_list<juce::Component*>{&ruler_, &lanes_, &band_})
    part->repaint();
  if (drop_mark_.isVisible())
    drop_mark_.repaint();
  place_heads();
}

void TimelineView::place_heads() {
  play_head_.place(axis_, lanes_.getBounds());
  listen_head_.place(axis_, lanes_.getBounds());
}

void TimelineView::zoom_to_region() {
  if (!band_.region())
    return;
  const auto region = *band_.region();
  const double margin = 0.05 * region.length();
  const Seconds wanted{std::max(0.0, region.start - margin), region.end + margin};
  const auto shown = axis_.shown();
  const double near = 0.01 * shown.length();
  if (!axis_.shows_everything() && std::abs(shown.start - wanted.start) < near &&
      std::abs(shown.end - wanted.end) < near)
    return show_everything();
  axis_.show(wanted);
  axis_changed();
}

void TimelineView::show_everything() {
  axis_.show_everything();
  axis_.set_everything(everything(), view_.transport.playing);
  axis_changed();
}

void TimelineView::set_region(double from, double to) {
  constexpr double kLeastRegion = 0.05; // seconds
  from = std::clamp(from, 0.0, kLatest);
  to = std::max(from + kLeastRegion, to);
  const Place place = {{std::llround(from * rate()), std::llround(to * rate())}, rate()};
  axis_.hold(); // or the view would move under the mouse
  view_.region = place;
  band_.show(seconds_of(place));
  if (on_region)
    on_region(place);
}

double TimelineView::snapped(double seconds, const juce::ModifierKeys& keys) const {
  return !snap() || keys.isCommandDown()
             ? seconds
             : ruler_.grid().snapped(seconds, axis_.seconds_of_pixels(Ruler::kApart));
}

void TimelineView::locate(double seconds) {
  if (on_locate)
    on_locate(static_cast<Sample>(seconds * rate()));
  if (on_listen_locate && !view_.transport.playing)
    on_listen_locate(seconds);
}

void TimelineView::resized() {
  auto bounds = getLocalBounds();
  auto left = bounds.removeFromLeft(kLabel);
  axis_.set_width(bounds.getWidth());
  ruler_.setBounds(bounds.removeFromTop(Ruler::kHeight));
  snap_button_.setBounds(left.removeFromTop(Ruler::kHeight).reduced(0, 1).withTrimmedRight(12));
  lanes_.setBounds(bounds);
  band_.setBounds(bounds);
  drop_mark_.setBounds(bounds);
  const auto source = lanes_.lane(Strip::Lane::source);
  meter_.setBounds(bounds.getX() - kMeter - 3, bounds.getY() + source.getY(), kMeter,
                   source.getHeight());
  axis_changed();
}

void TimelineView::paint(juce::Graphics& graphics) {
  for (const auto lane : {Strip::Lane::source, Strip::Lane::result}) {
    const bool source = lane == Strip::Lane::source;
    graphics.setColour(source ? colours::source : colours::result);
    graphics.setFont(Look::font());
    graphics.drawText(
        source ? "Source" : "Result",
        lanes_.lane(lane).translated(0, lanes_.getY()).withX(0).withWidth(kLabel - 16),
        juce::Justification::centredLeft);
  }
}

void TimelineView::paintOverChildren(juce::Graphics& graphics) {
  if (!hasKeyboardFocus(false))
    return;
  graphics.setColour(colours::region.brighter(0.4f));
  graphics.drawRoundedRectangle(getLocalBounds().toFloat().reduced(1.0f), 4.0f, 2.0f);
}

} // namespace umtn::plugin
