// What an OSC message says.
#pragma once

#include <juce_osc/juce_osc.h>

namespace umtn::plugin {

// The arguments of a message; what is missing or of another type is zero or empty.
class Arguments {
public:
  explicit Arguments(const juce::OSCMessage& message) : message_(message) {}
  juce::String text(int index) const;
  int integer(int index) const;
  float number(int index) const;
  juce::File file(int index) const; // none where it is no absolute path

private:
  const juce::OSCMessage& message_;
};

} // namespace umtn::plugin
