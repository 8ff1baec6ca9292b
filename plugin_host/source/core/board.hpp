// What the parts of the core share, behind one lock.
#pragma once

#include "../takes/disk_use.hpp"
#include "../takes/take_history.hpp"

#include <atomic>
#include <mutex>
#include <optional>
#include <utility>

namespace umtn::plugin {

// Any thread. The lock is held for a moment only: who looks or changes works on no disk, no bridge
// and no audio meanwhile.
class Board {
public:
  struct Content {
    TakeList takes;
    TakeHistory history;
    juce::File session_folder;
    bool folder_settled = false; // chosen by somebody, or takes lie there
    std::vector<juce::File> missing;
    juce::String message;        // what the last action met, in a sentence, or empty
    double rate = 0.0;           // the host's; 0: not prepared yet
    std::optional<DiskUse> disk; // as it was last measured

    // What a person does to the takes, and can undo; its name in words.
    template <class Change>
    void edit(const juce::String& name, Change change) {
      const TakeList before = takes;
      change(takes);
      history.record(name, before, takes);
    }
  };

  template <class Look>
  auto look(Look look) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return look(content_);
  }
  template <class Change>
  auto change(Change change) {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++revision_;
    return change(content_);
  }
  // Of something that others have and the view shows.
  void changed() { ++revision_; }
  void say(const juce::String& message) {
    change([&](Content& content) { content.message = message; });
  }

  TakeList takes() const {
    return look([](const Content& content) { return content.takes; });
  }
  // Grows with every change.
  juce::uint64 revision() const { return revision_; }

private:
  mutable std::mutex mutex_;
  Content content_;
  std::atomic<juce::uint64> revision_{1};
};

} // namespace umtn::plugin
