// The files of a project: where they go, where they are found again, what the project remembers.
#pragma once

#include "../capture/capture.hpp"
#include "../state/state.hpp"
#include "board.hpp"

namespace umtn::plugin {

// Any thread.
class ProjectFiles {
public:
  // A session folder of its own until somebody chooses another.
  ProjectFiles(Board& board, Capture& capture, Region& region);

  void set_session_folder(const juce::File& folder);
  // Until takes lie in the session folder, files go where the bridge may read.
  void follow_bridge_folder(const juce::File& folder);
  // Looks there, too, for files that were not found.
  void locate(const juce::File& folder);

  // `state` gives what is the processor's, and gets what is the core's.
  State complete(State state) const;
  // Reads a state, and looks for its files; nothing where it is none.
  static std::optional<State> read(const void* data, std::size_t size);
  // Takes it over, and returns the takes that were there before.
  TakeList open(const State& state);

private:
  Board& board_;
  Capture& capture_;
  Region& region_;
};

} // namespace umtn::plugin
