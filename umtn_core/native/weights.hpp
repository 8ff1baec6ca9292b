// Repacks a decoder's weights for a target and a precision.
#pragma once

#include "memory.hpp"
#include "model.hpp"
#include "umtn_decode.h"

namespace umtn {

// Whether all weights are finite.
bool all_finite(const umtn_shape& shape, const umtn_weights& weights);

// The arena owns all that the network points to. Throws std::bad_alloc.
Network packed(Arena& arena, const umtn_shape& shape, const umtn_weights& weights,
               const Target& target, int precision);

} // namespace umtn
