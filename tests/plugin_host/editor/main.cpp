// The window's own tests: its components on a screen, pressed, dragged and typed into.
#define DOCTEST_CONFIG_IMPLEMENT
#include "../support/support.hpp"

#include <cstdlib>
#include <doctest/doctest.h>
#include <juce_gui_basics/juce_gui_basics.h>

int main(int count, char** words) {
  // What tests leave in the user's folders is not the user's.
  const umtn::plugin::test::TemporaryFolder home;
#if !JUCE_WINDOWS
  for (const auto* variable : {"HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"})
    setenv(variable, home.file().getFullPathName().toRawUTF8(), 1);
#endif
  // A program of our own, not a guest: JUCE then takes it calmly that a bare screen has no window
  // manager, whose properties it sets.
  juce::JUCEApplicationBase::createInstance = []() -> juce::JUCEApplicationBase* {
    return nullptr;
  };
  const juce::ScopedJuceInitialiser_GUI juce;
  return doctest::Context(count, words).run();
}
