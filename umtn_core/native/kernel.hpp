// The targets that kernel.cpp is compiled for.
#pragma once

#include "model.hpp"

namespace umtn {

extern const Target target_generic, target_avx2, target_avx512, target_avx512_vnni,
    target_avx512_bf16;

} // namespace umtn
