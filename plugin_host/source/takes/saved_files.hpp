// Which files of a folder saved projects refer to. A plugin does not see its projects, so it leaves
// a list in each folder where a state that it gave out has files.
#pragma once

#include <juce_core/juce_core.h>
#include <map>
#include <set>
#include <vector>

namespace umtn::plugin {

// What one instance's states refer to. The core's thread.
class SavedFiles {
public:
  // No plugin knows which of its states the host has written to disk, and which of those somebody
  // keeps as a backup or under another name: what one of them named counts for so long.
  static constexpr int kKeptDays = 30;
  using Days = std::map<juce::String, int>; // by a file's name: when a state last named it

  // A state that was given out, or read.
  static void add(const juce::String& instance, const std::vector<juce::File>& files);

  // By their names, of all instances, in this process and any other.
  static std::set<juce::String> in(const juce::File& folder);
};

} // namespace umtn::plugin
