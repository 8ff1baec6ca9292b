#include "icon_button.hpp"

#include "look.hpp"

namespace umtn::plugin {

IconButton::IconButton(Icon icon, const juce::String& title, const juce::String& tooltip)
    : Button(title), icon_(icon), path_(path_of(icon)) {
  setHasFocusOutline(true);
  set_title(title, tooltip);
}

void IconButton::set_icon(Icon icon) {
  if (icon == icon_)
    return;
  icon_ = icon;
  path_ = path_of(icon);
  repaint();
}

void IconButton::set_title(const juce::String& title, const juce::String& tooltip) {
  if (title != getTitle())
    setTitle(title);
  setTooltip(tooltip.isEmpty() ? title : title + ": " + tooltip);
}

void IconButton::paintButton(juce::Graphics& graphics, bool hovered, bool pressed) {
  getLookAndFeel().drawButtonBackground(graphics, *this, {}, hovered, pressed);
  const auto side = static_cast<float>(std::min(getWidth(), getHeight())) - 12.0f;
  const auto square = getLocalBounds().toFloat().withSizeKeepingCentre(side, side);
  graphics.setColour(colours::text.withMultipliedAlpha(isEnabled() ? 1.0f : 0.45f));
  graphics.fillPath(
      path_, juce::AffineTransform::scale(side / 24.0f).translated(square.getX(), square.getY()));
}

} // namespace umtn::plugin
