// A bridge that was started from here: whether it comes, and why not.
#pragma once

#include "bridge_log.hpp"
#include "launcher.hpp"
#include "messages.hpp"

#include <optional>

namespace umtn::plugin {

class BridgeStart {
public:
  explicit BridgeStart(double patience); // seconds until one that does not come is given up

  // Unless one is just starting.
  void begin(const juce::StringArray& command, double now);
  // A bridge has been found, this or another.
  void found();

  // What the light says while no bridge is found, if it has to do with this one.
  struct Word {
    Link link;
    juce::String sentence;
    juce::File log;
  };
  std::optional<Word> not_found(double now) const;
  // What it says of one that has left the address file `left` behind.
  Word died(const juce::File& left) const;
  void keep_log_small() const { log_.keep_small(); }

private:
  BridgeLog log_;
  const double patience_;
  StartedBridge started_;
  double began_ = 0.0;
  bool awaited_ = false;
};

} // namespace umtn::plugin
