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
  // A state that was given out, or read. What an earlier one of the same instance referred to
  // counts as well: no plugin knows which of them the host has written to disk.
  void add(const juce::String& instance, const std::vector<juce::File>& files);

  // By their names, of all instances, in this process and any other.
  static std::set<juce::String> in(const juce::File& folder);

private:
  juce::String instance_;
  std::map<juce::String, juce::StringArray> names_; // by folder
};

} // namespace umtn::plugin
