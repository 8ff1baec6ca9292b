// A tiny bridge, which loses packets, answers late, and forgets, as it is told.
#pragma once

#include <atomic>
#include <functional>
#include <juce_osc/juce_osc.h>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

namespace umtn::plugin::test {

class FakeBridge {
public:
  struct Behaviour {
    double lose = 0.0;    // of packets, in both directions
    double late = 0.0;    // seconds until an answer
    double render = 0.05; // seconds that a render takes
    juce::String token;   // wanted, where it is not empty
    juce::String refuse;  // an error code for every render
    juce::String note;    // what it says of every recording
    juce::String offer;   // the transposition that would help every recording
    bool writes = false;  // its token into its address file
    bool old = false;     // knows no notes, previews or conversions
    bool write = true;    // the result: the source, negated
    bool silent = false;  // answers nothing at all
    int protocol = 1;
  };
  // What outlives a bridge that is killed.
  struct Store {
    std::mutex mutex;
    struct Job {
      juce::String input, target, output, state;
      double finished = 0.0;
      juce::StringArray options;
    };
    std::map<juce::String, Job> jobs;
    int renders = 0;                         // that were begun, repetitions not counted
    std::map<juce::String, double> previews; // when each, by its id, is there
    std::map<juce::String, int> conversions; // and how often each was asked for
  };

  FakeBridge(const juce::File& address_file, const juce::File& session_folder, Behaviour behaviour,
             std::shared_ptr<Store> store = std::make_shared<Store>());
  ~FakeBridge(); // killed: the address file stays
  void leave();  // ends in order: it goes

  void behave(const std::function<void(Behaviour&)>& change);
  Store& store() { return *store_; }
  int received(const juce::String& address) const;

private:
  struct Message {
    juce::String address;
    juce::StringArray arguments;
  };
  struct Client {
    juce::String host;
    int port = 0;
    bool operator<(const Client& other) const {
      return std::tie(host, port) < std::tie(other.host, other.port);
    }
  };

  void run();
  static Message parse(const char* data, int size);
  void answer(const Message& message, const Client& client);
  void render(const Message& message, const Client& client);
  void preview(const Message& message, const Client& client);
  void convert(const Message& message, const Client& client);
  void finish_jobs();
  void send(const Client& client, const juce::OSCMessage& message);
  bool lost();

  const juce::File address_file_, session_folder_;
  std::shared_ptr<Store> store_;
  mutable std::mutex mutex_;
  Behaviour behaviour_;
  std::map<juce::String, int> received_;
  std::map<Client, bool> greeted_;
  std::map<juce::String, Client> requesters_;
  juce::Random random_{1};
  juce::DatagramSocket socket_;
  std::atomic<bool> ending_{false};
  std::thread thread_;
};

} // namespace umtn::plugin::test
