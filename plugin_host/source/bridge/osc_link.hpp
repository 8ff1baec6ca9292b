// A socket of its own to one bridge, and what comes in by it.
#pragma once

#include "address.hpp"

#include <functional>
#include <juce_osc/juce_osc.h>

namespace umtn::plugin {

class OscLink : private juce::OSCReceiver::Listener<juce::OSCReceiver::RealtimeCallback> {
public:
  // On JUCE's receiving thread.
  using OnMessage = std::function<void(const juce::OSCMessage&)>;

  explicit OscLink(OnMessage on_message) : on_message_(std::move(on_message)) {}
  ~OscLink() override; // says so to the bridge: the port may be another user's in a moment

  // Whether that worked. Once only.
  bool open(const BridgeAddress& address);
  void send(const juce::OSCMessage& message) { sender_.send(message); }

private:
  void oscMessageReceived(const juce::OSCMessage& message) override;
  void oscBundleReceived(const juce::OSCBundle& bundle) override;

  const OnMessage on_message_;
  // Each uses those before it.
  juce::DatagramSocket socket_;
  juce::OSCReceiver receiver_{"umtn OSC"};
  juce::OSCSender sender_;
};

} // namespace umtn::plugin
