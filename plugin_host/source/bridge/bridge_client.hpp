// Talks with the bridge, on threads of its own; nobody ever waits for it.
#pragma once

#include "address.hpp"
#include "messages.hpp"

#include <functional>
#include <memory>

namespace umtn::plugin {

// UDP loses and repeats: a render is sent until it is accepted, asked after when it is quiet, and
// sent again to a bridge that has been started anew. The bridge knows jobs by their ids, so this
// never renders twice.
class BridgeClient {
public:
  struct Timing { // in seconds; tests hurry
    double resend = 0.25, resend_longest = 2.0;
    double ping = 1.0;      // while connected
    double search = 0.5;    // between looks at the address file
    double silence = 3.0;   // without an answer, until the light goes out
    double quiet_job = 2.0; // without news, until it is asked after
  };

  // News of jobs come on the client's own thread.
  using OnJob = std::function<void(const JobUpdate&)>;

  explicit BridgeClient(OnJob on_job);
  BridgeClient(OnJob on_job, Timing timing, juce::File address_file);
  ~BridgeClient();

  void start(); // looks for the bridge from now on
  void set_token(const juce::String& token);

  void render(const RenderRequest& request);
  void cancel(const juce::String& id);
  // A job of an earlier day: the render is sent again, which only tells where the job stands.
  void resume(const RenderRequest& request) { render(request); }
  // No more news of it.
  void forget(const juce::String& id);

  Connection connection() const;
  juce::uint64 version() const; // grows when the connection changes

private:
  class Worker;
  std::unique_ptr<Worker> worker_;
};

} // namespace umtn::plugin
