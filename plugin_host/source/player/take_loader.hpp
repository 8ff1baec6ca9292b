// Takes' sound in memory, at the host's rate.
#pragma once

#include "../takes/take_list.hpp"
#include "programme.hpp"

#include <map>

namespace umtn::plugin {

// Used by the core's thread alone.
class TakeLoader {
public:
  // Whether there is nothing left to do for this take.
  bool has(const Take& take, double rate, bool with_source) const;
  // Reads and resamples. Returns an empty string, or a sentence that says what is missing.
  juce::String load(const Take& take, double rate, bool with_source);
  // Frees what these do not need.
  void keep(const TakeList& takes);
  // Tries again what could not be read.
  void retry();

  // What there is of it; both pointers may be none.
  Layer layer(const Take& take, double rate) const;

private:
  struct Loaded {
    double rate = 0.0;
    juce::File result_file, source_file;
    std::shared_ptr<const Audio> result, source;
  };
  std::map<juce::String, Loaded> loaded_;
};

} // namespace umtn::plugin
