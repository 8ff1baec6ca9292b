// What a project remembers of the plugin.
#pragma once

#include "../capture/captured_timeline.hpp"
#include "../takes/take_list.hpp"
#include "../timeline/region.hpp"

#include <map>
#include <optional>
#include <vector>

namespace umtn::plugin {

// 1: files by absolute path only, nothing of what was recorded, one target for all takes.
constexpr int kStateVersion = 2;

struct State {
  int version = kStateVersion;              // of what was read
  std::map<juce::String, float> parameters; // by id; the processor knows what they mean
  juce::String model = "default", target;
  juce::File session_folder;
  juce::String instance; // whose state it is: what it refers to is kept under this name
  RegionSource region_source = RegionSource::last_played;
  std::optional<Place> dragged;
  TakeList takes;
  CapturedTimeline captured;
};

// UTF-8 XML. Files inside the session folder are stored relative to it too.
juce::MemoryBlock save_state(const State& state);

// Nothing where this is no state at all. What cannot be understood of it keeps its default. Reads
// all older versions, and of newer ones what it knows.
std::optional<State> load_state(const void* data, std::size_t size);

// Finds the session folder again after the project was moved: tries the folders given, and in them
// and beside them the one of its name. Where files that are missing turn up, all paths change.
void find_files(State& state, const std::vector<juce::File>& folders);
// All files that it refers to, there or not.
std::vector<juce::File> files_of(const State& state);
// Files of finished takes and of recorded clips that are not there.
std::vector<juce::File> missing_files(const State& state);

} // namespace umtn::plugin
