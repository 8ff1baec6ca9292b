// Where the bridge is: the address file that it leaves while it runs.
#pragma once

#include <juce_core/juce_core.h>
#include <optional>

namespace umtn::plugin {

struct BridgeAddress {
  int protocol = 0;
  juce::String version;
  int pid = 0;
  juce::String host = "127.0.0.1";
  int port = 9471;
  juce::File session_folder;
  juce::String started;
  juce::String token; // lets this user's programs in; empty where none is asked for

  bool same_bridge(const BridgeAddress& other) const {
    return pid == other.pid && host == other.host && port == other.port && started == other.started;
  }
};

// $UMTN_BRIDGE_FILE, else bridge.json in one of the user's run-time folders: of several, that of a
// bridge that lives.
juce::File bridge_file();
// Where the bridge keeps sessions unless it was told otherwise: in the user's data folder.
juce::File default_session_folder();

// Nothing where there is no file, or one that others may have written, or no sense in it.
std::optional<BridgeAddress> read_bridge_address(const juce::File& file);

} // namespace umtn::plugin
