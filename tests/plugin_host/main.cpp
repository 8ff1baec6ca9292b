#define DOCTEST_CONFIG_IMPLEMENT
#include "support/support.hpp"

#include <cstdlib>
#include <doctest/doctest.h>

#if !JUCE_WINDOWS
#include <sys/stat.h>
#endif

int main(int count, char** words) {
  // What tests leave in the user's folders is not the user's.
  const umtn::plugin::test::TemporaryFolder home;
#if !JUCE_WINDOWS
  setenv("XDG_DATA_HOME", home.file().getFullPathName().toRawUTF8(), 1);
  umask(022); // an address file that others may write to is none
  setenv("XDG_RUNTIME_DIR", home.file().getFullPathName().toRawUTF8(), 1);
#endif
  return doctest::Context(count, words).run();
}
