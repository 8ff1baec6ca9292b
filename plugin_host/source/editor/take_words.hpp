// What is said of a take, in words.
#pragma once

#include "../takes/take.hpp"
#include "timeline/grid.hpp"

namespace umtn::plugin {

// Where it lies is said as the ruler says it.
juce::String title_of(const Take& take, const Grid& grid);
// `covered`: another is heard in its place.
juce::String status_of(const Take& take, bool covered);
// What a button says that renders again as the bridge offers.
juce::String words_of_offer(const juce::String& offer);

} // namespace umtn::plugin
