// Takes' sound in memory, at the host's rate.
#pragma once

#include "../audio/resample.hpp"
#include "../takes/take_list.hpp"
#include "programme.hpp"

#include <map>

namespace umtn::plugin {

// Used by the core's thread alone. What was read and resampled is kept while it is heard.
class TakeLoader {
public:
  // Whether there is nothing left to do for this take.
  bool has(const Take& take, double rate, bool with_source) const;
  // Reads and resamples a part of it, which takes a few milliseconds; has() says when it was the
  // last. To begin with another take gives up one that is begun.
  void load_some(const Take& take, double rate, bool with_source);
  // The take that is begun, or empty.
  juce::String under_way() const { return reading_ ? reading_->take : juce::String(); }
  // What of a take could not be read, in a sentence, or empty.
  juce::String trouble(const Take& take) const;
  // Frees what these do not need at this rate.
  void keep(const TakeList& takes, double rate);
  // Tries again what could not be read.
  void retry();

  // What there is of it; both pointers may be none.
  Layer layer(const Take& take, double rate) const;

private:
  struct Sound {
    juce::File file; // that was read, or could not be
    std::shared_ptr<const Audio> audio;
  };
  struct Loaded {
    double rate = 0.0;
    Sound result, source;
  };
  struct Reading {
    juce::String take;
    double rate = 0.0;
    juce::File file;
    bool is_source = false;
    ResampledWav wav;
    Audio audio;
    Sample done = 0;
  };
  void begin(const Take& take, double rate, bool source);
  void finish(std::shared_ptr<const Audio> audio);

  std::map<juce::String, Loaded> loaded_;
  std::optional<Reading> reading_;
};

} // namespace umtn::plugin
