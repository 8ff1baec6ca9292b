// Which requests are still to be sent, and what the answers mean. Knows no socket and no clock.
#pragma once

#include "arguments.hpp"
#include "messages.hpp"
#include "timing.hpp"

#include <map>
#include <optional>

namespace umtn::plugin {

class JobTable {
public:
  explicit JobTable(BridgeTiming timing) : timing_(timing) {}

  void add(const RenderRequest& request, double now);
  // Whether it is over at once, because the bridge never heard of it.
  std::optional<JobUpdate> cancel(const juce::String& id, double now);
  void forget(const juce::String& id) { jobs_.erase(id); }
  // All that is not over is sent again: perhaps nobody there knows of it.
  void bridge_is_new(double now);

  // What is to be sent now.
  std::vector<juce::OSCMessage> due(double now);
  // What an answer is news of, if it is.
  std::optional<JobUpdate> receive(const juce::String& address, const Arguments& arguments,
                                   double now);

private:
  struct Job {
    RenderRequest request;
    bool sent = false, accepted = false, cancelling = false;
    double send_at = 0.0, wait = 0.0;
    double ask_at = 0.0;
  };

  std::optional<JobUpdate> apply(Job& job, const juce::String& address, const Arguments& arguments,
                                 double now);
  std::optional<JobUpdate> error(Job& job, const Arguments& arguments, double now);
  void send_again(Job& job, double now, double wait);

  const BridgeTiming timing_;
  std::map<juce::String, Job> jobs_; // those that are not over
};

} // namespace umtn::plugin
