#include "waveform.hpp"

#include <cmath>
#include <vector>

namespace umtn::plugin {
namespace {

// A column of pixels from one height to another, its ends as strong as they fill their pixel.
void fill_column(const juce::Image::BitmapData& pixels, int column, float top, float bottom,
                 juce::PixelARGB colour) {
  const auto set = [&](int row, float part) {
    if (row < 0 || row >= pixels.height)
      return;
    auto shade = colour;
    if (part < 1.0f)
      shade.multiplyAlpha(part);
    *reinterpret_cast<juce::PixelARGB*>(pixels.getPixelPointer(column, row)) = shade;
  };
  const int first = static_cast<int>(top), last = static_cast<int>(bottom);
  if (first == last)
    return set(first, bottom - top);
  set(first, static_cast<float>(first + 1) - top);
  for (int row = first + 1; row < last; ++row)
    set(row, 1.0f);
  set(last, bottom - static_cast<float>(last));
}

} // namespace

// By pixels of our own: as rectangles it would take ten times as long.
void draw_waveform(juce::Graphics& graphics, juce::Rectangle<float> area, juce::Colour colour,
                   const Peaks& peaks, const std::function<double(double)>& sample_at) {
  const auto visible = area.getIntersection(graphics.getClipBounds().toFloat());
  const int channels = std::min(2, peaks.channels());
  if (visible.isEmpty() || channels < 1)
    return;
  const float scale = graphics.getInternalContext().getPhysicalPixelScaleFactor();
  const int first = static_cast<int>(std::floor(visible.getX() * scale));
  const int columns = static_cast<int>(std::ceil(visible.getRight() * scale)) - first;
  const int over = static_cast<int>(std::floor(area.getY() * scale));
  const int rows = static_cast<int>(std::ceil(area.getBottom() * scale)) - over;
  if (columns < 1 || rows < 1)
    return;
  const Range range = {std::llround(sample_at(static_cast<double>(first) / scale)),
                       std::llround(sample_at(static_cast<double>(first + columns) / scale))};
  std::vector<Peak> read(static_cast<std::size_t>(columns));
  juce::Image image(juce::Image::ARGB, columns, rows, true, juce::SoftwareImageType());
  {
    const juce::Image::BitmapData pixels(image, juce::Image::BitmapData::writeOnly);
    const float half = 0.5f * static_cast<float>(rows) / static_cast<float>(channels);
    for (int channel = 0; channel < channels; ++channel) {
      peaks.read(channel, range, columns, read.data());
      const float middle = half * static_cast<float>(2 * channel + 1);
      for (int column = 0; column < columns; ++column) {
        const Peak& peak = read[static_cast<std::size_t>(column)];
        const float top = middle - half * juce::jlimit(-1.0f, 1.0f, peak.most);
        const float bottom = middle - half * juce::jlimit(-1.0f, 1.0f, peak.least);
        fill_column(pixels, column, top, std::max(top + 1.0f, bottom), colour.getPixelARGB());
      }
    }
  }
  const juce::Graphics::ScopedSaveState state(graphics);
  graphics.reduceClipRegion(area.getSmallestIntegerContainer());
  graphics.setOpacity(1.0f);
  graphics.drawImageTransformed(
      image, juce::AffineTransform::translation(static_cast<float>(first), static_cast<float>(over))
                 .scaled(1.0f / scale));
}

} // namespace umtn::plugin
