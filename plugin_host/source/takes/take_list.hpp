// All takes, in order: where two cover the same place, the later one is heard.
#pragma once

#include "take.hpp"

#include <vector>

namespace umtn::plugin {

class TakeList {
public:
  const std::vector<Take>& all() const { return takes_; }
  Take* find(const juce::String& id);
  const Take* find(const juce::String& id) const;

  void add(Take take); // on top
  void insert(std::size_t index, Take take);
  // Puts those of these ids into this order, at the bottom; the others stay above, as they were.
  void order(const std::vector<juce::String>& ids);
  void remove(const juce::String& id);
  void bring_to_top(const juce::String& id);
  void mute(const juce::String& id, bool muted);
  // Shortened where it is endless; an empty name ends it.
  void rename(const juce::String& id, const juce::String& name);
  // Only this one is heard; an empty id ends it.
  void solo(const juce::String& id) { solo_ = id; }
  const juce::String& soloed() const { return solo_; }

  // The finished takes whose places overlap this one's, itself with them, the top one first.
  std::vector<juce::String> rivals(const juce::String& id) const;
  // A/B: of the rivals, the one that has not been heard for longest comes to the top.
  void next_rival(const juce::String& id);

  // The one, finished or under way, that would sound the same: of the same place and recording,
  // and made in the same way. The newest, nullptr where there is none.
  const Take* twin(const Take& take) const;
  // The first seed from this one's on with which it has no twin.
  int unused_seed(Take take) const;

  // Whether it may be heard, as far as muting and solo go.
  bool audible(const Take& take) const;

private:
  std::vector<Take> takes_;
  juce::String solo_;
};

} // namespace umtn::plugin
