#include "waveform.hpp"

#include <cmath>
#include <vector>

namespace umtn::plugin {

void draw_waveform(juce::Graphics& graphics, juce::Rectangle<float> area, const Peaks& peaks,
                   const std::function<double(double)>& sample_at) {
  const auto visible = area.getIntersection(graphics.getClipBounds().toFloat());
  const int channels = std::min(2, peaks.channels());
  if (visible.isEmpty() || channels < 1)
    return;
  const float scale = graphics.getInternalContext().getPhysicalPixelScaleFactor();
  const int first = static_cast<int>(std::floor(visible.getX() * scale));
  const int columns = static_cast<int>(std::ceil(visible.getRight() * scale)) - first;
  if (columns < 1)
    return;
  const Range range = {std::llround(sample_at(static_cast<double>(first) / scale)),
                       std::llround(sample_at(static_cast<double>(first + columns) / scale))};
  std::vector<Peak> read(static_cast<std::size_t>(columns));
  const float pixel = 1.0f / scale;
  const float half = 0.5f * area.getHeight() / static_cast<float>(channels);
  for (int channel = 0; channel < channels; ++channel) {
    peaks.read(channel, range, columns, read.data());
    const float middle = area.getY() + half * static_cast<float>(2 * channel + 1);
    for (int column = 0; column < columns; ++column) {
      const Peak& peak = read[static_cast<std::size_t>(column)];
      const float top = middle - half * juce::jlimit(-1.0f, 1.0f, peak.most);
      const float bottom = middle - half * juce::jlimit(-1.0f, 1.0f, peak.least);
      const float height = std::max(pixel, bottom - top);
      graphics.fillRect(
          juce::Rectangle<float>(static_cast<float>(first + column) * pixel, top, pixel, height));
    }
  }
}

} // namespace umtn::plugin
