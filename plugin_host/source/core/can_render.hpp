// What keeps a take from being made, before anything is asked of the bridge.
#pragma once

#include "../bridge/messages.hpp"

namespace umtn::plugin {

// A sentence that says what to do, or empty. Where no bridge is there, an instrument that is known
// by its name may wait for one.
juce::String why_not_render(const Connection& connection, const RenderSettings& settings);

} // namespace umtn::plugin
