// The core's own thread, and what it shares with those who call the core.
#pragma once

#include "core.hpp"
#include "player/take_loader.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace umtn::plugin {

// Public functions are called on any thread but the audio thread, and only take the lock for a
// moment. The thread holds it no longer: disk, bridge and resampling are worked on without it.
class Core::Worker {
public:
  Worker(Capture& capture, Player& player, Region& region, const std::atomic<unsigned>& triggers,
         const std::atomic<bool>& sources_wanted, CoreOptions options);
  ~Worker();

  void start();
  void prepare(double rate);

  CoreView view() const;
  juce::uint64 revision() const { return revision_; }

  void render();
  void render(const Place& place, const RenderSettings& settings);
  void render_again(const juce::String& id, const RenderSettings& settings);
  void cancel(const juce::String& id);
  void remove(const juce::String& id);
  void change_takes(const std::function<void(TakeList&)>& change);
  void set_auto_render(bool on) { auto_render_ = on; }
  void set_session_folder(const juce::File& folder);
  void locate(const juce::File& folder);
  void set_token(const juce::String& token) { client_.set_token(token); }
  void start_bridge();

  juce::MemoryBlock save(State state) const;
  std::optional<State> load(const void* data, std::size_t size);

private:
  using Lock = std::unique_lock<std::mutex>;

  void run();
  void ask(std::function<void()> command); // for the thread to do
  void changed();                          // something in the view; with the lock held
  void settle(double seconds);

  // The thread's steps.
  bool look_for_triggers();
  void look_for_stop();
  void look_for_news();
  void follow_bridge_folder(const juce::File& folder);
  bool load_one();
  void give_programme(unsigned expected);

  void render_region();
  void add_take(const Place& place, const RenderSettings& settings);
  void write_source(const Take& take);
  void send(const Take& take);
  void apply(const JobUpdate& update);
  void fail(const juce::String& id, const juce::String& message);
  void say(const juce::String& message);
  bool bridge_may_come() const;
  bool bridge_unknown() const;

  Capture& capture_;
  Player& player_;
  Region& region_;
  const std::atomic<unsigned>& triggers_;
  const std::atomic<bool>& sources_wanted_;
  const CoreOptions options_;
  std::atomic<juce::uint64> revision_{1};
  std::atomic<bool> auto_render_{false};
  std::atomic<bool> extraction_cancelled_{false};

  // The thread's.
  TakeLoader loader_;
  unsigned triggers_handled_ = 0, expected_given_ = 0;
  juce::uint64 client_version_ = 0, capture_version_ = 0;
  bool was_waiting_ = false;
  bool rolling_ = false;
  juce::uint64 version_before_roll_ = 0;
  std::uint64_t blocks_ = 0;
  double blocks_at_ = 0.0;
  double held_since_ = 0.0;

  mutable std::mutex mutex_; // guards what follows
  std::condition_variable wake_, settled_;
  std::deque<std::function<void()>> commands_;
  std::deque<JobUpdate> news_;
  TakeList takes_;
  juce::String extracting_; // the take whose source is being written
  juce::File session_folder_;
  bool folder_settled_ = false; // chosen by somebody, or takes lie there
  std::vector<juce::File> missing_;
  juce::String message_;
  double rate_ = 0.0;
  bool programme_changed_ = true;
  juce::uint64 settles_wanted_ = 0, settles_done_ = 0;
  bool ending_ = false;
  std::thread thread_;

  BridgeClient client_; // last: its thread calls into the rest
};

} // namespace umtn::plugin
