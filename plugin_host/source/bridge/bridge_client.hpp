// Talks with the bridge, on threads of its own; nobody ever waits for it.
#pragma once

#include "messages.hpp"
#include "timing.hpp"

#include <functional>
#include <memory>

namespace umtn::plugin {

// UDP loses and repeats: a render is sent until it is accepted, asked after when it is quiet, and
// sent again to a bridge that has been started anew. The bridge knows jobs by their ids, so this
// never renders twice. For the same reason a job of an earlier day is simply rendered again: the
// answer tells where it stands.
class BridgeClient {
public:
  using Timing = BridgeTiming;
  // News of jobs, and answers to other requests, come on the client's own thread.
  using OnJob = std::function<void(const JobUpdate&)>;

  // An empty file: wherever the bridge leaves its address.
  explicit BridgeClient(OnJob on_job, Timing timing = {}, juce::File address_file = {});
  ~BridgeClient();

  void start(); // looks for the bridge from now on
  void set_token(const juce::String& token);
  // An empty command: wherever umtn is. What becomes of it, the connection says.
  void start_bridge(const juce::StringArray& command = {});

  void render(const RenderRequest& request);
  void cancel(const juce::String& id);
  // No more news of it.
  void forget(const juce::String& id);

  // A short phrase on an instrument, which the bridge makes and keeps.
  void preview(const juce::String& model, const juce::String& target, OnAnswer answer);
  // Any audio file that the bridge can read becomes a float WAV, which nothing is replaced by: a
  // new file inside Connection::session_folder.
  void convert(const juce::File& input, const juce::File& output, OnAnswer answer);

  Connection connection() const;
  juce::uint64 version() const; // grows when the connection changes

private:
  class Worker;
  std::unique_ptr<Worker> worker_;
};

} // namespace umtn::plugin
