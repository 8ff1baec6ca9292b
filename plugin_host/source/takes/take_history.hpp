// Undo and redo of what is done with takes.
#pragma once

#include "take_list.hpp"

#include <deque>

namespace umtn::plugin {

// Remembers of each edit only what it changed, so that what happens to takes by itself, a render
// that ends, a new take, is never undone with it.
class TakeHistory {
public:
  // An edit, by the list before and after it. Nothing where nothing was changed.
  void record(const juce::String& name, const TakeList& before, const TakeList& after);
  void clear();

  // What would be undone or redone, in words, or empty.
  juce::String undo_name() const { return name_of(done_); }
  juce::String redo_name() const { return name_of(undone_); }
  bool undo(TakeList& takes);
  bool redo(TakeList& takes);

  // The takes that are off the list and may come back: their files are still needed.
  std::vector<Take> away() const;
  // Where a take's files have been moved to.
  void moved(const Take& take);

private:
  struct Away {
    std::size_t index = 0;
    Take take;
  };
  struct Looks { // of a take, before and after
    juce::String id, name[2];
    bool muted[2] = {false, false};
  };
  struct Edit {
    juce::String name, solo[2];
    std::vector<Away> removed;
    std::vector<Looks> looks;
    std::vector<juce::String> order[2]; // empty where it is the same
  };
  static juce::String name_of(const std::deque<Edit>& edits) {
    return edits.empty() ? juce::String() : edits.back().name;
  }
  static void show(TakeList& takes, const Edit& edit, int side);

  std::deque<Edit> done_, undone_;
};

} // namespace umtn::plugin
