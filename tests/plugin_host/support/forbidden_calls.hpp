// Counts what the audio thread must not call.
#pragma once

namespace umtn::plugin::test {

// While one lives, every allocation, lock, file and socket call of this thread is counted.
class ForbiddenCalls {
public:
  ForbiddenCalls();
  ~ForbiddenCalls();
  static long count();
  static const char* last(); // its name
  static void reset();
};

} // namespace umtn::plugin::test
