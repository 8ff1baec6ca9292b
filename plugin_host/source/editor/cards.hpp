// What the window's cards say.
#pragma once

#include "../core.hpp"
#include "card.hpp"

namespace umtn::plugin {

Card::Content help_card();
Card::Content about_card(const Connection& connection);
// What the session folder holds, and a button that cleans it up.
Card::Content disk_card(const CoreView& view, std::function<void()> clean_up);
// The end of what the bridge wrote.
Card::Content log_card(const juce::File& log);

} // namespace umtn::plugin
