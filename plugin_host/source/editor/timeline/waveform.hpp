// Draws a file's peaks, one column for each pixel of the display.
#pragma once

#include "../../audio/peaks.hpp"

#include <functional>
#include <juce_gui_basics/juce_gui_basics.h>

namespace umtn::plugin {

// `sample_at` tells which sample of the file lies at which x; it is linear. Only what the clip
// region shows is read and drawn.
void draw_waveform(juce::Graphics& graphics, juce::Rectangle<float> area, juce::Colour colour,
                   const Peaks& peaks, const std::function<double(double)>& sample_at);

} // namespace umtn::plugin
