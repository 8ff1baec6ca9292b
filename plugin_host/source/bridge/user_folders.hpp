// Where umtn keeps a user's things. The Python side asks the package platformdirs; these are its
// answers.
#pragma once

#include <juce_core/juce_core.h>
#include <vector>

namespace umtn::plugin {

juce::String environment(const char* name);
juce::File home_folder();

// Where this program would put them.
juce::File data_folder();
// All places where umtn may have put them, if its environment is not this program's.
std::vector<juce::File> data_folders();
std::vector<juce::File> run_time_folders();

// What a file of this user's own holds; nothing of one that others may have written, or that is
// none: where a user has no folder of their own, others may put something there.
juce::String read_own(const juce::File& file);

} // namespace umtn::plugin
