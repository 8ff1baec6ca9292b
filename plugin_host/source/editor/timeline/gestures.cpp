// What mouse, keys and dropped files do to the timeline.
#include "../timeline_view.hpp"

namespace umtn::plugin {

namespace {

constexpr int kDragFrom = 4; // pixels: less is a press

bool is_audio(const juce::String& name) {
  const juce::File file(name);
  return file.hasFileExtension("wav;wave;w64;rf64;bwf;aif;aiff;aifc;caf;au;flac;ogg;oga;opus;mp3;"
                               "m4a;aac;wma") &&
         file.existsAsFile();
}

std::vector<juce::File> audio_files(const juce::StringArray& names) {
  std::vector<juce::File> files;
  for (const auto& name : names)
    if (is_audio(name))
      files.emplace_back(name);
  return files;
}

} // namespace

void TimelineView::mouseMove(const juce::MouseEvent& event) {
  const bool on_handle = event.y >= lanes_.getY() &&
                         band_.handle_at(lanes_x(event.position.x)) != RegionBand::Handle::none;
  setMouseCursor(event.y < lanes_.getY() ? juce::MouseCursor::NormalCursor
                 : on_handle             ? juce::MouseCursor::LeftRightResizeCursor
                                         : juce::MouseCursor::IBeamCursor);
}

void TimelineView::mouseDown(const juce::MouseEvent& event) {
  grabKeyboardFocus();
  const double at = axis_.seconds_at(lanes_x(event.position.x));
  if (event.y < lanes_.getY()) {
    gesture_ = Gesture::play_head;
    return locate(at);
  }
  const auto region = band_.region();
  const auto handle = band_.handle_at(lanes_x(event.position.x));
  gesture_ = Gesture::pressed;
  if (handle != RegionBand::Handle::none) {
    anchor_ = handle == RegionBand::Handle::start ? region->end : region->start;
  } else if (event.mods.isShiftDown() && region) {
    const bool nearer_start = std::abs(at - region->start) < std::abs(at - region->end);
    anchor_ = nearer_start ? region->end : region->start;
    gesture_ = Gesture::region;
    mouseDrag(event);
  } else {
    anchor_ = snapped(at, event.mods);
  }
}

void TimelineView::mouseDrag(const juce::MouseEvent& event) {
  const double at = axis_.seconds_at(lanes_x(event.position.x));
  if (gesture_ == Gesture::play_head)
    return locate(at);
  if (gesture_ == Gesture::pressed && event.getDistanceFromDragStart() >= kDragFrom)
    gesture_ = Gesture::region;
  if (gesture_ != Gesture::region)
    return;
  const double to = snapped(at, event.mods);
  set_region(std::min(to, anchor_), std::max(to, anchor_));
}

void TimelineView::mouseUp(const juce::MouseEvent& event) {
  const auto gesture = std::exchange(gesture_, Gesture::none);
  if (gesture == Gesture::pressed && event.getNumberOfClicks() < 2)
    locate(axis_.seconds_at(lanes_x(event.getMouseDownX())));
  fit();
}

void TimelineView::mouseDoubleClick(const juce::MouseEvent& event) {
  if (event.y < lanes_.getY())
    return;
  if (band_.contains(axis_.seconds_at(lanes_x(event.position.x))))
    zoom_to_region();
  else
    show_everything();
}

void TimelineView::mouseWheelMove(const juce::MouseEvent& event,
                                  const juce::MouseWheelDetails& wheel) {
  const double x = static_cast<double>(wheel.deltaX), y = static_cast<double>(wheel.deltaY);
  if (std::abs(x) > std::abs(y) || event.mods.isShiftDown())
    axis_.scroll(-(x + y) * axis_.shown().length() * 0.5);
  else
    axis_.zoom(std::pow(0.5, y), axis_.seconds_at(lanes_x(event.position.x)));
  axis_changed();
}

void TimelineView::mouseMagnify(const juce::MouseEvent& event, float factor) {
  if (factor <= 0.0f)
    return;
  axis_.zoom(1.0 / static_cast<double>(factor), axis_.seconds_at(lanes_x(event.position.x)));
  axis_changed();
}

bool TimelineView::keyPressed(const juce::KeyPress& key) {
  const auto code = key.getKeyCode();
  const auto letter = juce::CharacterFunctions::toLowerCase(key.getTextCharacter());
  const auto keys = key.getModifiers();
  const auto shown = axis_.shown();
  if (keys.isCommandDown() || keys.isAltDown())
    return false; // the host's, and undo
  if (code == juce::KeyPress::homeKey) {
    show_everything();
  } else if (letter == '+' || letter == '=' || letter == '-') {
    axis_.zoom(letter == '-' ? 2.0 : 0.5, 0.5 * (shown.start + shown.end));
    axis_changed();
  } else if (code == juce::KeyPress::pageUpKey || code == juce::KeyPress::pageDownKey) {
    axis_.scroll((code == juce::KeyPress::pageUpKey ? -0.8 : 0.8) * shown.length());
    axis_changed();
  } else if (code == juce::KeyPress::leftKey || code == juce::KeyPress::rightKey) {
    move_region(code == juce::KeyPress::leftKey, keys.isShiftDown());
  } else if (letter == 'z') {
    zoom_to_region();
  } else if (letter == 'n' && ruler_.grid().has_beats()) {
    snap_button_.triggerClick();
  } else if (letter == 'f') {
    follow_ = !follow_;
  } else {
    return false;
  }
  return true;
}

void TimelineView::move_region(bool left, bool only_end) {
  const auto shown = axis_.shown();
  const double by_grid = ruler_.grid().step(axis_.seconds_of_pixels(Ruler::kApart));
  const double by = snap() && by_grid > 0.0 ? by_grid : 0.01 * shown.length();
  const double step = left ? -by : by;
  const double middle = 0.5 * (shown.start + shown.end);
  const auto region = band_.region().value_or(Seconds{middle, middle + 0.1 * shown.length()});
  if (only_end)
    set_region(region.start, region.end + step);
  else if (region.start + step >= 0.0)
    set_region(region.start + step, region.end + step);
}

bool TimelineView::isInterestedInFileDrag(const juce::StringArray& files) {
  return on_import != nullptr && !audio_files(files).empty();
}

// At the play head, where a recording would begin too; with Alt where the mouse is.
double TimelineView::drop_seconds(int x) const {
  if (juce::ModifierKeys::getCurrentModifiersRealtime().isAltDown())
    return snapped(axis_.seconds_at(lanes_x(static_cast<float>(x))), {});
  return listen_head_.seconds() && !view_.transport.playing
             ? *listen_head_.seconds()
             : std::clamp(transport_seconds(), 0.0, kLatest);
}

void TimelineView::fileDragEnter(const juce::StringArray& files, int x, int y) {
  fileDragMove(files, x, y);
}

void TimelineView::fileDragMove(const juce::StringArray& files, int x, int) {
  drop_mark_.show(drop_seconds(x), juce::ModifierKeys::getCurrentModifiersRealtime().isAltDown(),
                  static_cast<int>(audio_files(files).size()));
}

void TimelineView::filesDropped(const juce::StringArray& names, int x, int) {
  drop_mark_.setVisible(false);
  const auto files = audio_files(names);
  if (!on_import || files.empty())
    return;
  const auto start = static_cast<Sample>(std::llround(drop_seconds(x) * rate()));
  on_import(files, {{start, start}, rate()});
}

} // namespace umtn::plugin
