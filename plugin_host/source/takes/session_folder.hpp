// Where a plugin's files go.
#pragma once

#include "take.hpp"

#include <juce_core/juce_core.h>
#include <vector>

namespace umtn::plugin {

// A new name for the folder of one plugin in one project.
juce::String new_session_name();
juce::String new_take_id();

// The files of a take, by names that a person can read in a DAW's file list.
juce::File source_file(const juce::File& session, const juce::String& take);
juce::File result_file(const juce::File& session, const juce::String& take,
                       const juce::String& target);

// Whether it is named as takes and recordings are; everything else in the folder is somebody's own.
bool named_by_us(const juce::String& file_name);

// Where a moved project may be: what the host was started with, and in. A plugin is not told.
std::vector<juce::File> likely_project_folders();

} // namespace umtn::plugin
