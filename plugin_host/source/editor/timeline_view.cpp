#include "timeline_view.hpp"

namespace umtn::plugin {

namespace {

constexpr int kRuler = 22;
constexpr int kLabel = 58; // left of the lanes
constexpr float kGrip = 6.0f;
constexpr double kLeastRegion = 0.05; // seconds

} // namespace

juce::String clock_time(double seconds) {
  const auto tenths = static_cast<juce::int64>(std::floor(seconds * 10.0 + 0.5));
  return juce::String(tenths / 600) + ":" + juce::String(tenths / 10 % 60).paddedLeft('0', 2) +
         "." + juce::String(tenths % 10);
}

TimelineView::TimelineView() {
  setWantsKeyboardFocus(true);
  setTitle("Timeline");
  setTooltip("Drag to choose the region; drag its edges to change it. The wheel zooms, a double "
             "click or Home shows all. Arrow keys move the region, with shift its end.");
  waveforms_.on_change = [this] { repaint(); };
}

void TimelineView::show(const CoreView& view) {
  view_ = view;
  waveforms_.refresh();
  shown_ = zoomed_.value_or(everything());
  repaint();
}

void TimelineView::show_transport(const Transport& transport) {
  if (transport.position == view_.transport.position &&
      transport.playing == view_.transport.playing)
    return;
  const bool first = view_.transport.rate <= 0.0;
  view_.transport = transport;
  const auto at = static_cast<double>(transport.position) / rate();
  if (first || (!zoomed_ && at > shown_.end))
    shown_ = zoomed_.value_or(everything());
  repaint();
}

juce::Rectangle<int> TimelineView::lane(int index) const {
  auto lanes = getLocalBounds().withTrimmedLeft(kLabel).withTrimmedTop(kRuler);
  const int height = (lanes.getHeight() - 4) / 2;
  return lanes.withHeight(height).translated(0, index * (height + 4));
}

float TimelineView::x_of(double seconds) const {
  const auto area = lane(0);
  return static_cast<float>(area.getX() +
                            (seconds - shown_.start) / shown_.length() * area.getWidth());
}

double TimelineView::seconds_at(float x) const {
  const auto area = lane(0);
  const double part = (static_cast<double>(x) - area.getX()) / std::max(1, area.getWidth());
  return std::max(0.0, shown_.start + part * shown_.length());
}

std::optional<Seconds> TimelineView::region() const {
  if (!view_.region)
    return std::nullopt;
  const auto& [range, place_rate] = *view_.region;
  return Seconds{static_cast<double>(range.start) / place_rate,
                 static_cast<double>(range.end) / place_rate};
}

Seconds TimelineView::everything() const {
  double start = 1e12, end = 0.0;
  const auto include = [&](const Place& place) {
    start = std::min(start, static_cast<double>(place.range.start) / place.rate);
    end = std::max(end, static_cast<double>(place.range.end) / place.rate);
  };
  for (const Clip& clip : view_.captured)
    include(clip.place);
  for (const Take& take : view_.takes)
    include(take.place);
  if (view_.region)
    include(*view_.region);
  if (view_.transport.playing)
    end = std::max(end, static_cast<double>(view_.transport.position) / rate());
  if (end <= start)
    return {0.0, 10.0};
  const double margin = std::max(0.25, 0.04 * (end - start));
  return {std::max(0.0, start - margin), end + margin};
}

juce::Rectangle<int> TimelineView::area_of(int index, Seconds seconds) const {
  const auto whole = lane(index).toFloat();
  const float left = x_of(seconds.start), right = x_of(seconds.end);
  return whole.withLeft(left).withRight(std::max(left + 1.0f, right)).getSmallestIntegerContainer();
}

void TimelineView::paint(juce::Graphics& graphics) {
  for (int index = 0; index < 2; ++index) {
    graphics.setColour(colours::panel);
    graphics.fillRect(lane(index));
    graphics.setColour(index == 0 ? colours::source : colours::result);
    graphics.setFont(Look::font());
    graphics.drawText(index == 0 ? "Source" : "Result", lane(index).withX(0).withWidth(kLabel - 8),
                      juce::Justification::centredLeft);
  }
  paint_ruler(graphics);
  {
    const juce::Graphics::ScopedSaveState state(graphics);
    graphics.reduceClipRegion(lane(0).getUnion(lane(1)));
    paint_captured(graphics);
    paint_takes(graphics);
    paint_region(graphics);
    if (view_.transport.has_position) {
      const float x = x_of(static_cast<double>(view_.transport.position) / rate());
      graphics.setColour(colours::text);
      graphics.fillRect(x - 0.75f, static_cast<float>(kRuler), 1.5f,
                        static_cast<float>(getHeight() - kRuler));
    }
  }
  if (hasKeyboardFocus(false)) {
    graphics.setColour(colours::region.brighter(0.4f));
    graphics.drawRoundedRectangle(getLocalBounds().toFloat().reduced(1.0f), 4.0f, 2.0f);
  }
}

void TimelineView::paint_ruler(juce::Graphics& graphics) const {
  const double least = 80.0 / std::max(1, lane(0).getWidth()) * shown_.length();
  double step = 3600.0;
  for (const double candidate :
       {0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0})
    if (candidate >= least) {
      step = candidate;
      break;
    }
  graphics.setFont(Look::font(13.0f));
  for (double mark = std::ceil(shown_.start / step) * step; mark < shown_.end; mark += step) {
    const float x = x_of(mark);
    graphics.setColour(colours::line);
    graphics.fillRect(x, static_cast<float>(kRuler) - 5.0f, 1.0f, 5.0f);
    graphics.setColour(colours::quiet_text);
    graphics.drawText(clock_time(mark), static_cast<int>(x) + 3, 0, 70, kRuler - 3,
                      juce::Justification::centredLeft);
  }
}

void TimelineView::paint_hint(juce::Graphics& graphics, int index, const juce::String& hint) const {
  graphics.setColour(colours::quiet_text);
  graphics.setFont(Look::font());
  graphics.drawFittedText(hint, lane(index).reduced(12, 4), juce::Justification::centred, 2);
}

void TimelineView::paint_captured(juce::Graphics& graphics) {
  if (view_.captured.empty())
    return paint_hint(graphics, 0,
                      "Nothing recorded yet. Switch Capture on and play the part to translate.");
  for (const Clip& clip : view_.captured) {
    const double start = static_cast<double>(clip.place.range.start) / clip.place.rate;
    const double length = static_cast<double>(clip.place.range.length()) / clip.place.rate;
    const auto area = area_of(0, {start, start + length});
    graphics.setColour(colours::source.withAlpha(0.12f));
    graphics.fillRect(area);
    graphics.setColour(colours::source);
    waveforms_.draw(graphics, area.reduced(0, 2), clip.file,
                    static_cast<double>(clip.offset) / clip.place.rate, length);
  }
}

void TimelineView::paint_takes(juce::Graphics& graphics) {
  if (view_.takes.empty())
    return paint_hint(graphics, 1,
                      view_.captured.empty() ? "The translation will appear here."
                                             : "Press Render to translate the region.");
  for (const Take& take : view_.takes) { // bottom to top: what is heard covers the rest
    if (take.state == TakeState::failed || take.state == TakeState::cancelled)
      continue;
    const bool heard =
        !take.muted && (view_.soloed.isEmpty() || view_.soloed == take.id) && !take.under_way();
    const double start = static_cast<double>(take.place.range.start) / take.place.rate;
    const double length = static_cast<double>(take.place.range.length()) / take.place.rate;
    const auto area = area_of(1, {start, start + length});
    if (take.state == TakeState::done && heard) {
      graphics.setColour(colours::panel);
      graphics.fillRect(area);
    }
    graphics.setColour(colours::result.withAlpha(heard ? 0.14f : 0.06f));
    graphics.fillRect(area);
    if (take.state == TakeState::done) {
      graphics.setColour(colours::result.withAlpha(heard ? 1.0f : 0.25f));
      waveforms_.draw(graphics, area.reduced(0, 2), take.result, 0.0, length);
    } else {
      graphics.setColour(colours::result.withAlpha(0.3f));
      graphics.fillRect(
          area.toFloat().withWidth(static_cast<float>(area.getWidth()) * take.fraction));
      graphics.setColour(colours::text);
      graphics.setFont(Look::font());
      if (take.state == TakeState::running) // the list tells of those that wait
        graphics.drawFittedText(juce::String(juce::roundToInt(take.fraction * 100.0f)) + " %", area,
                                juce::Justification::centred, 1);
    }
  }
}

void TimelineView::paint_region(juce::Graphics& graphics) const {
  const auto seconds = region();
  if (!seconds)
    return;
  const auto band = area_of(0, *seconds).getUnion(area_of(1, *seconds)).toFloat();
  graphics.setColour(colours::region.withAlpha(0.14f));
  graphics.fillRect(band);
  graphics.setColour(colours::region);
  for (const float x : {band.getX(), band.getRight()}) {
    graphics.fillRect(x - 1.0f, band.getY(), 2.0f, band.getHeight());
    graphics.fillRoundedRectangle(x - 4.0f, band.getY(), 8.0f, 14.0f, 2.0f);
  }
}

TimelineView::Handle TimelineView::handle_at(float x) const {
  const auto seconds = region();
  if (!seconds)
    return Handle::fresh;
  const float to_start = std::abs(x - x_of(seconds->start));
  const float to_end = std::abs(x - x_of(seconds->end));
  if (std::min(to_start, to_end) > kGrip)
    return Handle::fresh;
  return to_start < to_end ? Handle::start : Handle::end;
}

void TimelineView::mouseMove(const juce::MouseEvent& event) {
  setMouseCursor(handle_at(event.position.x) == Handle::fresh
                     ? juce::MouseCursor::IBeamCursor
                     : juce::MouseCursor::LeftRightResizeCursor);
}

void TimelineView::mouseDown(const juce::MouseEvent& event) {
  grabKeyboardFocus();
  if (event.getNumberOfClicks() == 2) {
    zoomed_.reset();
    dragged_ = Handle::none;
    shown_ = everything();
    return repaint();
  }
  const auto at = seconds_at(event.position.x);
  if (event.y < kRuler) {
    dragged_ = Handle::none;
    if (on_locate)
      on_locate(static_cast<Sample>(at * rate()));
    return;
  }
  dragged_ = handle_at(event.position.x);
  const auto seconds = region();
  anchor_ = dragged_ == Handle::start ? seconds->end
            : dragged_ == Handle::end ? seconds->start
                                      : at;
}

void TimelineView::mouseDrag(const juce::MouseEvent& event) {
  if (dragged_ == Handle::none ||
      (dragged_ == Handle::fresh && event.getDistanceFromDragStart() < 4))
    return;
  const double at = seconds_at(event.position.x);
  set_region(std::min(at, anchor_), std::max(at, anchor_));
}

void TimelineView::set_region(double from, double to) {
  from = std::max(0.0, from);
  to = std::max(from + kLeastRegion, to);
  const Place place = {{std::llround(from * rate()), std::llround(to * rate())}, rate()};
  if (!zoomed_)
    zoomed_ = shown_; // or the view would move under the mouse
  view_.region = place;
  if (on_region)
    on_region(place);
  repaint();
}

void TimelineView::zoom(double factor, double around) {
  const double length = std::clamp(shown_.length() * factor, 0.1, 24.0 * 3600.0);
  const double part = (around - shown_.start) / shown_.length();
  const double start = std::max(0.0, around - part * length);
  zoomed_ = shown_ = Seconds{start, start + length};
  repaint();
}

void TimelineView::mouseWheelMove(const juce::MouseEvent& event,
                                  const juce::MouseWheelDetails& wheel) {
  if (std::abs(wheel.deltaX) > std::abs(wheel.deltaY) || event.mods.isShiftDown()) {
    const double delta = -static_cast<double>(wheel.deltaX + wheel.deltaY) * shown_.length() * 0.5;
    const double start = std::max(0.0, shown_.start + delta);
    zoomed_ = shown_ = Seconds{start, start + shown_.length()};
    repaint();
  } else {
    zoom(std::pow(0.5, static_cast<double>(wheel.deltaY)), seconds_at(event.position.x));
  }
}

bool TimelineView::keyPressed(const juce::KeyPress& key) {
  const auto code = key.getKeyCode();
  if (code == juce::KeyPress::homeKey) {
    zoomed_.reset();
    shown_ = everything();
    repaint();
    return true;
  }
  const double middle = 0.5 * (shown_.start + shown_.end);
  if (key.getTextCharacter() == '+' || key.getTextCharacter() == '-') {
    zoom(key.getTextCharacter() == '+' ? 0.5 : 2.0, middle);
    return true;
  }
  if (code != juce::KeyPress::leftKey && code != juce::KeyPress::rightKey)
    return false;
  const double step = (code == juce::KeyPress::leftKey ? -0.01 : 0.01) * shown_.length();
  const auto seconds = region().value_or(Seconds{middle, middle + 0.1 * shown_.length()});
  const bool only_end = key.getModifiers().isShiftDown();
  set_region(seconds.start + (only_end ? 0.0 : step), seconds.end + step);
  return true;
}

} // namespace umtn::plugin
