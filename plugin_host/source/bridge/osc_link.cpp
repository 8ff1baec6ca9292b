#include "osc_link.hpp"

namespace umtn::plugin {

OscLink::~OscLink() {
  sender_.send(juce::OSCMessage("/umtn/leave"));
  receiver_.disconnect(); // its thread ends before anything that it uses
}

bool OscLink::open(const BridgeAddress& address) {
  receiver_.addListener(this); // before its thread starts, which looks at its listeners
  return socket_.bindToPort(0, address.host.startsWith("127.") ? "127.0.0.1" : "") &&
         receiver_.connectToSocket(socket_) &&
         sender_.connectToSocket(socket_, address.host, address.port);
}

void OscLink::oscMessageReceived(const juce::OSCMessage& message) {
  on_message_(message);
}

void OscLink::oscBundleReceived(const juce::OSCBundle& bundle) {
  for (const auto& element : bundle)
    if (element.isMessage())
      oscMessageReceived(element.getMessage());
    else
      oscBundleReceived(element.getBundle());
}

} // namespace umtn::plugin
