// A short phrase of an instrument, which the bridge makes and the plugin plays.
#pragma once

#include "../bridge/messages.hpp"
#include "../player/listen.hpp"

#include <functional>
#include <mutex>

namespace umtn::plugin {

struct Preview {
  enum class State { none, making, playing, failed };
  juce::String model, target;
  State state = State::none;
  juce::String message; // of a failure, a sentence

  bool operator==(const Preview& other) const {
    return model == other.model && target == other.target && state == other.state &&
           message == other.message;
  }
};

// Any thread. Only the newest request is played.
class Previews {
public:
  // Asks the bridge; its answers may come on any thread.
  using Ask = std::function<void(const juce::String& model, const juce::String& target, OnAnswer)>;

  Previews(Listen& listen, Ask ask, std::function<bool()> host_rolls)
      : listen_(listen), ask_(std::move(ask)), host_rolls_(std::move(host_rolls)) {}

  void request(const juce::String& model, const juce::String& target);
  // How it stands now; what was playing and is over is none.
  Preview current() const;

private:
  void receive(unsigned request, const Answer& answer);

  Listen& listen_;
  const Ask ask_;
  const std::function<bool()> host_rolls_;
  mutable std::mutex mutex_; // guards what follows
  Preview preview_;
  unsigned requests_ = 0;
};

} // namespace umtn::plugin
