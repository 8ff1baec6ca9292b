// What a project remembers of the plugin.
#pragma once

#include "../capture/captured_timeline.hpp"
#include "../takes/take_list.hpp"
#include "../timeline/region.hpp"

#include <map>

namespace umtn::plugin {

constexpr int kStateVersion = 2;

struct State {
  int version = kStateVersion;              // of what was read
  std::map<juce::String, float> parameters; // by id; the processor knows what they mean
  juce::String model = "default", target;
  juce::File session_folder;
  RegionSource region_source = RegionSource::last_played;
  std::optional<Place> dragged;
  TakeList takes;
  CapturedTimeline captured;
};

// UTF-8 XML. Paths inside the session folder are stored relative to it too.
juce::MemoryBlock save_state(const State& state);

// Never fails: what cannot be understood keeps its default. Reads all older versions, and what it
// knows of newer ones. `found` is whether there was any state at all.
State load_state(const void* data, size_t size, bool* found = nullptr);

// Where a project was moved with its session folder: looks for the folder in the places given,
// and in those below them that have its name. Returns the folder in which most of the state's files
// are, and changes all paths to it.
void find_files(State& state, const std::vector<juce::File>& places);
// Files of finished takes and of captured pieces that are not there.
std::vector<juce::File> missing_files(const State& state);

} // namespace umtn::plugin
