// The client's own thread, and what it shares with those who call the client.
#pragma once

#include "bridge_client.hpp"
#include "bridge_start.hpp"
#include "job_table.hpp"
#include "model_table.hpp"
#include "osc_link.hpp"
#include "request_table.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace umtn::plugin {

class BridgeClient::Worker {
public:
  Worker(OnJob on_job, Timing timing, juce::File address_file);
  ~Worker();

  void start();
  void set_token(const juce::String& token);
  void start_bridge(const juce::StringArray& command);
  void render(const RenderRequest& request);
  void cancel(const juce::String& id);
  void forget(const juce::String& id);
  void preview(const juce::String& model, const juce::String& target, OnAnswer answer);
  void convert(const juce::File& input, const juce::File& output, OnAnswer answer);

  Connection connection() const;
  juce::uint64 version() const;

private:
  void ask(std::function<void()> command); // for the thread to do
  void heard(const juce::OSCMessage& message);

  // The thread's.
  void run();
  void look(double now);
  void connect(const BridgeAddress& address, double now);
  void disconnect();
  void greet();
  void keep_in_touch(double now);
  void send_due(double now);
  void receive(const juce::OSCMessage& message);
  void refused(const juce::String& sentence);
  void pong(const Arguments& arguments, double now);
  void model(const Arguments& arguments, double now);
  void show(Link link, const juce::String& sentence, const juce::File& log = {});
  juce::String trouble() const;
  void tell(const JobUpdate& update);

  const OnJob on_job_;
  const Timing timing_;
  const juce::File address_file_;

  // The thread's.
  BridgeStart start_;
  BridgeAddress address_;
  JobTable jobs_;
  RequestTable requests_;
  ModelTable models_;
  juce::String token_;        // that was typed in
  bool typed_counts_ = false; // rather than the address file's
  bool token_refused_ = false, connected_ = false;
  double look_at_ = 0.0, ping_at_ = 0.0, models_at_ = 0.0, heard_at_ = 0.0;

  mutable std::mutex mutex_; // guards what follows
  std::condition_variable wake_;
  std::deque<std::function<void()>> commands_;
  std::deque<juce::OSCMessage> inbox_;
  Connection connection_;
  juce::uint64 version_ = 0;
  bool ending_ = false;
  std::thread thread_;

  std::unique_ptr<OscLink> link_; // last: its thread calls into the rest
};

} // namespace umtn::plugin
