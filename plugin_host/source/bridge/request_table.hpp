// Previews and conversions: which are still to be sent, and what the answers mean. Knows no socket
// and no clock.
#pragma once

#include "arguments.hpp"
#include "messages.hpp"
#include "timing.hpp"

#include <map>

namespace umtn::plugin {

class RequestTable {
public:
  explicit RequestTable(BridgeTiming timing) : timing_(timing) {}

  void preview(const juce::String& model, const juce::String& target, OnAnswer answer, double now);
  void convert(const juce::File& input, const juce::File& output, OnAnswer answer, double now);

  // What is to be sent now.
  std::vector<juce::OSCMessage> due(double now);
  // Gives up what has waited too long. `trouble` says why nothing can be asked for; empty: it can.
  void expire(double now, const juce::String& trouble);
  void receive(const juce::String& address, const Arguments& arguments, double now);

private:
  struct Request {
    juce::OSCMessage message;
    OnAnswer answer;
    double patience = 0.0, heard_at = 0.0;
    double send_at = 0.0, wait = 0.0;
  };
  using Requests = std::map<juce::String, Request>;

  void add(juce::OSCMessage message, const juce::String& id, double patience, OnAnswer answer,
           double now);
  void wait(Request& request, double now);
  void error(Requests::iterator request, const Arguments& arguments, double now);
  void end(Requests::iterator request, const Answer& answer);
  void fail(Requests::iterator request, const juce::String& message);

  const BridgeTiming timing_;
  Requests requests_; // those without an end, by their ids
};

} // namespace umtn::plugin
