// Starts a bridge.
#pragma once

#include "process.hpp"

#include <juce_core/juce_core.h>
#include <memory>
#include <vector>

namespace umtn::plugin {

// What `umtn` leaves when it runs, in the user's data folder: one line, where it is. A DAW that was
// started from a desktop does not have the PATH of a terminal, let alone of a virtual environment.
constexpr auto kCommandFile = "umtn-command";

// The words of the command, in the order in which they are tried: $UMTN_BRIDGE_COMMAND, and nothing
// else, where that is set; else `umtn bridge`, umtn being where it ran last, in the PATH, or where
// people's own programs are.
std::vector<juce::StringArray> bridge_commands();

struct StartedBridge {
  std::unique_ptr<StartedProcess> process; // nothing: it does not run
  juce::String trouble;                    // and then, a sentence that says what to do
};

// Starts it as a process that outlives this one, and returns at once. Without a command: the first
// of the above that runs.
StartedBridge start_bridge(const juce::StringArray& command, const juce::File& log);

} // namespace umtn::plugin
