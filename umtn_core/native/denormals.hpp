// Numbers too small to be normal are taken for zero while one of these lives. They are a hundred
// times slower, and a decode of silence is full of them.
#pragma once

#include <cstdint>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace umtn {

class DenormalsOff {
public:
  DenormalsOff() : before_(read()) { write(before_ | kOff); }
  ~DenormalsOff() { write(before_); }
  DenormalsOff(const DenormalsOff&) = delete;
  DenormalsOff& operator=(const DenormalsOff&) = delete;

private:
#if defined(__SSE2__)
  static constexpr std::uint64_t kOff = 0x8040; // results to zero, operands as zero
  static std::uint64_t read() { return _mm_getcsr(); }
  static void write(std::uint64_t value) { _mm_setcsr(static_cast<unsigned>(value)); }
#elif defined(__aarch64__)
  static constexpr std::uint64_t kOff = std::uint64_t{1} << 24;
  static std::uint64_t read() {
    std::uint64_t value;
    asm volatile("mrs %0, fpcr" : "=r"(value));
    return value;
  }
  static void write(std::uint64_t value) { asm volatile("msr fpcr, %0" ::"r"(value)); }
#else
  static constexpr std::uint64_t kOff = 0;
  static std::uint64_t read() { return 0; }
  static void write(std::uint64_t) {}
#endif

  std::uint64_t before_;
};

} // namespace umtn
