// Starts a bridge.
#pragma once

#include <juce_core/juce_core.h>

namespace umtn::plugin {

// The words of the command: $UMTN_BRIDGE_COMMAND, else `umtn bridge`, umtn being looked for in the
// PATH and where people's own programs are.
juce::StringArray default_bridge_command();

// Starts it as a process that outlives this one, and returns at once. Returns an empty string, or a
// sentence that says what to do.
juce::String start_bridge(const juce::StringArray& command);

} // namespace umtn::plugin
