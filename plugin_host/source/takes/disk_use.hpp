// What a session folder holds of ours, and what of it nobody needs.
#pragma once

#include <juce_core/juce_core.h>
#include <vector>

namespace umtn::plugin {

struct DiskUse {
  juce::int64 used_bytes = 0, unused_bytes = 0;
  std::vector<juce::File> unused;
};

// By names that only we give. Unused is what no living instance and no saved project refers to,
// and nobody has written to for a minute.
DiskUse measure_disk(const juce::File& session_folder);

// Puts one of them into the trash, if it is unused still; whether it is gone from the folder.
bool trash_unused(const juce::File& file);

} // namespace umtn::plugin
