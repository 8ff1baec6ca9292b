#define DOCTEST_CONFIG_IMPLEMENT
#include "support/support.hpp"

#include <cstdlib>
#include <doctest/doctest.h>

int main(int count, char** words) {
  // What tests leave in the user's folders is not the user's.
  const umtn::plugin::test::TemporaryFolder home;
#if !JUCE_WINDOWS
  setenv("XDG_DATA_HOME", home.file().getFullPathName().toRawUTF8(), 1);
  setenv("XDG_RUNTIME_DIR", home.file().getFullPathName().toRawUTF8(), 1);
#endif
  return doctest::Context(count, words).run();
}
