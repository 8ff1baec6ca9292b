// The plugin's instances in this process, and the files that each of them needs.
#pragma once

#include <functional>
#include <juce_core/juce_core.h>
#include <vector>

namespace umtn::plugin {

// One of them, for as long as this lives.
class LiveInstance {
public:
  // Called on any thread, also another instance's.
  using Files = std::function<std::vector<juce::File>()>;

  explicit LiveInstance(Files files);
  ~LiveInstance();
  LiveInstance(const LiveInstance&) = delete;
  LiveInstance& operator=(const LiveInstance&) = delete;

  // No other instance in the process has it, and a project gives it back to the one it was saved
  // by.
  juce::String id() const;
  // Takes over the id of a saved state; a copy of an instance that still lives keeps its own.
  void take_over(const juce::String& id);

  // What all of them need, this one with them.
  static std::vector<juce::File> files();

private:
  const Files files_;
  juce::String id_;
};

} // namespace umtn::plugin
