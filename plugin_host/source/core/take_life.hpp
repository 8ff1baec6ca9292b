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
  // Off the list; its files stay.
  void remove(const juce::String& id);
  // Other takes stand in the place of these: nobody wants to hear of them any more.
  void forget(const TakeList& before);
  // The project was saved while these were under way, and has been opened.
  void take_up();
  // The recording that is being written is wanted no more, nor is any other.
  void end();

  // From the core's thread alone.

  // Adds a take of what was recorded there, calls `added`, writes its recording, and sends it.
  void begin(const Place& place, const RenderSettings& settings,
             const std::function<void()>& added);
  // Another take of the same recording.
  void again(const juce::String& id, const RenderSettings& settings);
  void hear_news();

private:
  void write_source(const Take& take);
  void send(const Take& take);
  void apply(const JobUpdate& update);
  void fail(const juce::String& id, const juce::String& message);

  Board& board_;
  Capture& capture_;
  const BridgeJobs jobs_;

  std::mutex mutex_; // guards what follows; where both are locked, the board's is first
  std::deque<JobUpdate> news_;
  juce::String extracting_; // the take whose source is being written
  bool ending_ = false;
  std::atomic<bool> extraction_cancelled_{false};
};

} // namespace umtn::plugin
