// Which of the compiled targets this machine can run.
#pragma once

#include "model.hpp"

namespace umtn {

// The index-th, the fastest first; null past the last.
const Target* usable_target(int index);

// By name; null if it is not among them.
const Target* target_named(const char* name);

} // namespace umtn
