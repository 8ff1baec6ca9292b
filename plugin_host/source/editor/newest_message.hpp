// What the last actions met, in a sentence: the newest, until it is over or no longer of interest.
#pragma once

#include <array>
#include <juce_core/juce_core.h>

namespace umtn::plugin {

class NewestMessage {
public:
  enum class News { action, capture, listening, preview };

  // What is said there now, or nothing. Where that is new, it is the newest.
  void hear(News from, const juce::String& text);
  // What was asked for anew is news again, even where it says the same.
  void expect(News from) { hear(from, {}); }
  // The musician goes on: what went wrong with listening has been read.
  void go_on();
  juce::String newest() const;

private:
  struct Heard {
    juce::String text;
    unsigned number = 0; // the higher, the newer
    bool read = false;
  };
  std::array<Heard, 4> heard_;
  unsigned count_ = 0;
};

} // namespace umtn::plugin
