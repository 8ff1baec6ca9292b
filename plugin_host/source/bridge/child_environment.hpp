// What a program of the user's own gets of a DAW's environment.
#pragma once

#include <string>
#include <vector>

namespace umtn::plugin {

// DAWs that bring their libraries along name them in variables that would make another program load
// them too. These are left out; where the DAW's launcher has kept what the user had, that is put
// back. Entries are NAME=value.
std::vector<std::string> child_environment(const std::vector<std::string>& own);

} // namespace umtn::plugin
