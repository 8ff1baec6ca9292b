#include "ruler.hpp"

namespace umtn::plugin {

void Ruler::set_grid(const Grid& grid) {
  if (grid.looks_like(grid_))
    return;
  grid_ = grid;
  repaint();
}

void Ruler::paint(juce::Graphics& graphics) {
  const float height = static_cast<float>(getHeight());
  graphics.setFont(Look::font(13.0f));
  for (const auto& line : grid_.lines(axis_.shown(), axis_.seconds_of_pixels(kApart))) {
    const float x = axis_.x_of(line.at);
    const float tick = line.text.isEmpty() ? 3.0f : 6.0f;
    graphics.setColour(colours::line);
    graphics.fillRect(x, height - tick, 1.0f, tick);
    const int left = static_cast<int>(x) + 3;
    if (line.text.isEmpty() ||
        left + graphics.getCurrentFont().getStringWidth(line.text) > getWidth())
      continue; // half a number would be another one
    graphics.setColour(colours::quiet_text);
    graphics.drawText(line.text, left, 0, static_cast<int>(kApart) - 6, getHeight() - 3,
                      juce::Justification::centredLeft);
  }
}

} // namespace umtn::plugin
