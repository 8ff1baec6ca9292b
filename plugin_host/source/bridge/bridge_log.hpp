// What a bridge that was started here says, where nobody sees its terminal.
#pragma once

#include <juce_core/juce_core.h>

namespace umtn::plugin {

class BridgeLog {
public:
  explicit BridgeLog(juce::File file);
  const juce::File& file() const { return file_; }

  // Before a start: what is said from here on is that bridge's.
  void begin();
  // What is long is thrown away, also while it is written to.
  void keep_small() const;
  // Why the bridge that was started last has ended, as far as it said so, as a sentence or empty.
  // `at_all`: where it gave no reason in so many words, whatever it said last.
  juce::String last_words(bool at_all) const;

private:
  const juce::File file_;
  juce::int64 begin_ = 0;
};

} // namespace umtn::plugin
