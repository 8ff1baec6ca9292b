#include "targets.hpp"

#include "kernel.hpp"

#include <cstring>

namespace umtn {
namespace {

#if defined(UMTN_X86_TARGETS)
bool has_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
bool has_vnni() {
  return has_avx512() && __builtin_cpu_supports("avx512vnni");
}
bool has_bf16() {
  return has_vnni() && __builtin_cpu_supports("avx512bf16");
}
#endif
bool always() {
  return true;
}

struct Candidate {
  const Target* target;
  bool (*usable)();
};

const Candidate candidates[] = {
#if defined(UMTN_X86_TARGETS)
    {&target_avx512_bf16, has_bf16}, {&target_avx512_vnni, has_vnni},
    {&target_avx512, has_avx512},    {&target_avx2, has_avx2},
#endif
    {&target_generic, always},
};

} // namespace

const Target* usable_target(int index) {
  for (const Candidate& candidate : candidates)
    if (candidate.usable() && index-- == 0)
      return candidate.target;
  return nullptr;
}

const Target* target_named(const char* name) {
  for (const Candidate& candidate : candidates)
    if (std::strcmp(candidate.target->name, name) == 0 && candidate.usable())
      return candidate.target;
  return nullptr;
}

} // namespace umtn
