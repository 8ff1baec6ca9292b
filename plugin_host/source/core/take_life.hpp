// A take's life: its recording is written, the bridge is asked, its news come, it ends.
#pragma once

#include "../bridge/messages.hpp"
#include "../capture/capture.hpp"
#include "board.hpp"

#include <deque>
#include <functional>

namespace umtn::plugin {

// What a take asks of the bridge.
struct BridgeJobs {
  std::function<void(const RenderRequest&)> render;
  std::function<void(const juce::String& id)> cancel, forget;
};

class TakeLife {
public:
  TakeLife(Board& board, Capture& capture, BridgeJobs jobs)
      : board_(board), capture_(capture), jobs_(std::move(jobs)) {}

  // From any thread.

  void receive(const JobUpdate& update); // heard of by the next hear_news()
  void cancel(const juce::String& id);
  // Off the list; its files stay, and it can come back.
  void remove(const juce::String& id);
  // Other takes stand in the place of these: nobody wants to hear of them any more.
  void forget(const TakeList& before);
  // The project was saved while these were under way, and has been opened.
  void take_up();
  // The recording that is being written is wanted no more, nor is any other.
  void end();

  // From the core's thread alone.

  // Adds takes of what was recorded there, all at once, calls `added`, writes their recording, and
  // sends them. One that is there already comes to the top instead.
  void begin(const Place& place, const std::vector<RenderSettings>& wanted,
             const std::function<void()>& added);
  // Another take of the same recording: with the next seed, where one of this seed is there.
  void again(const juce::String& id, const RenderSettings& settings);
  void hear_news();

private:
  void write_source(const std::vector<Take>& takes, const CapturedTimeline& timeline);
  void send(const Take& take);
  void apply(const JobUpdate& update);
  void fail(const juce::String& id, const juce::String& message);

  Board& board_;
  Capture& capture_;
  const BridgeJobs jobs_;

  std::mutex mutex_; // guards what follows; where both are locked, the board's is first
  std::deque<JobUpdate> news_;
  juce::StringArray extracting_; // the takes whose source is being written
  bool ending_ = false;
  std::atomic<bool> extraction_cancelled_{false};
};

} // namespace umtn::plugin
