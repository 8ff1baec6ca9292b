#include "lanes.hpp"

#include "waveform.hpp"

namespace umtn::plugin {

namespace {
constexpr int kGap = 4;
}

Lanes::Lanes(const Axis& axis, Waveforms& waveforms) : axis_(axis), waveforms_(waveforms) {
  setInterceptsMouseClicks(false, false);
  setOpaque(true);
  setBufferedToImage(true);
}

juce::Rectangle<int> Lanes::lane(Strip::Lane lane) const {
  auto all = getLocalBounds();
  const auto first = all.removeFromTop((getHeight() - kGap) / 2);
  return lane == Strip::Lane::source ? first : first.withY(first.getBottom() + kGap);
}

void Lanes::show(const CoreView& view) {
  auto strips = strips_of(view);
  const auto change = change_between(strips_, strips);
  strips_ = std::move(strips);
  std::vector<juce::File> files;
  for (const Strip& strip : strips_)
    files.push_back(strip.file);
  waveforms_.keep_only(files);
  if (change.everything)
    return repaint();
  for (const auto& [lane, stretch] : change.stretches)
    repaint_stretch(lane, stretch);
}

void Lanes::refresh() {
  const auto revision = waveforms_.revision();
  if (revision == drawn_)
    return;
  for (const Strip& strip : strips_)
    if (waveforms_.grew_since(strip.file, drawn_))
      repaint_stretch(strip.lane, strip.place);
  drawn_ = revision;
}

void Lanes::repaint_stretch(Strip::Lane lane, Seconds stretch) {
  const auto shown = axis_.shown();
  if (stretch.end < shown.start || stretch.start > shown.end)
    return;
  const int left = static_cast<int>(std::floor(axis_.x_of(stretch.start))) - 1;
  const int right = static_cast<int>(std::ceil(axis_.x_of(stretch.end))) + 1;
  repaint(this->lane(lane).withLeft(left).withRight(std::max(left + 1, right)));
}

juce::Rectangle<float> Lanes::area_of(const Strip& strip) const {
  const float left = axis_.x_of(strip.place.start);
  return lane(strip.lane)
      .toFloat()
      .withLeft(left)
      .withRight(std::max(left + 1.0f, axis_.x_of(strip.place.end)));
}

void Lanes::paint(juce::Graphics& graphics) {
  graphics.fillAll(colours::background);
  graphics.setColour(colours::panel);
  graphics.fillRect(lane(Strip::Lane::source));
  graphics.fillRect(lane(Strip::Lane::result));
  bool recorded = false, rendered = false;
  for (const Strip& strip : strips_) {
    (strip.lane == Strip::Lane::source ? recorded : rendered) = true;
    const auto shown = axis_.shown();
    if (strip.place.end >= shown.start && strip.place.start <= shown.end)
      paint_strip(graphics, strip);
  }
  if (!recorded)
    paint_hint(graphics, Strip::Lane::source,
               "Nothing recorded yet. Switch Capture on and play the part to translate, or drop an "
               "audio file here.");
  if (!rendered)
    paint_hint(graphics, Strip::Lane::result,
               recorded ? "Press Render to translate the region."
                        : "The translation will appear here.");
}

void Lanes::paint_strip(juce::Graphics& graphics, const Strip& strip) {
  const auto area = area_of(strip);
  const auto visible = area.getIntersection(graphics.getClipBounds().toFloat());
  if (visible.isEmpty())
    return;
  const auto colour = strip.lane == Strip::Lane::source ? colours::source : colours::result;
  if (strip.covers) {
    graphics.setColour(colours::panel);
    graphics.fillRect(visible);
  }
  graphics.setColour(colour.withAlpha(strip.heard ? 0.13f : 0.06f));
  graphics.fillRect(visible);
  if (strip.fraction >= 0.0f)
    return paint_progress(graphics, strip, area);
  const auto waveform = waveforms_.of(strip.file);
  if (waveform.peaks == nullptr)
    return;
  const double rate = waveform.rate > 0.0 ? waveform.rate : strip.rate;
  draw_waveform(graphics, area.reduced(0.0f, 2.0f), colour.withAlpha(strip.heard ? 1.0f : 0.25f),
                *waveform.peaks, [&](double x) {
                  const auto shown = axis_.shown();
                  const double at = shown.start + axis_.seconds_of_pixels(x);
                  return (at - strip.place.start + strip.offset) * rate;
                });
}

void Lanes::paint_progress(juce::Graphics& graphics, const Strip& strip,
                           juce::Rectangle<float> area) {
  graphics.setColour(colours::result.withAlpha(0.3f));
  graphics.fillRect(area.withWidth(area.getWidth() * std::min(1.0f, strip.fraction)));
  if (!strip.running) // the list tells of those that wait
    return;
  graphics.setColour(colours::text);
  graphics.setFont(Look::font());
  graphics.drawFittedText(juce::String(juce::roundToInt(strip.fraction * 100.0f)) + " %",
                          area.getIntersection(getLocalBounds().toFloat()).toNearestInt(),
                          juce::Justification::centred, 1);
}

void Lanes::paint_hint(juce::Graphics& graphics, Strip::Lane lane, const juce::String& hint) const {
  graphics.setColour(colours::quiet_text);
  graphics.setFont(Look::font());
  graphics.drawFittedText(hint, this->lane(lane).reduced(12, 4), juce::Justification::centred, 2);
}

} // namespace umtn::plugin
