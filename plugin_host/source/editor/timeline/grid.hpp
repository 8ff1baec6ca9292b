// The lines of the ruler: bars and beats where the host has them, else the clock.
#pragma once

#include "../../timeline/transport.hpp"
#include "seconds.hpp"

#include <juce_core/juce_core.h>
#include <vector>

namespace umtn::plugin {

// As on a clock: 1:05.3, and 1:00:05.3 from an hour on.
juce::String clock_time(double seconds);

// Hosts tell the tempo of here and now only: the lines are those of a song that has always had it.
class Grid {
public:
  struct Line {
    double at = 0.0;   // seconds
    juce::String text; // empty: between those that have one
  };

  Grid() = default;
  explicit Grid(const Transport& transport);

  bool has_beats() const { return beat_ > 0.0; }
  // Whether it draws the same lines, but for what a host's rounding does.
  bool looks_like(const Grid& other) const;

  // The lines of a stretch; those with a text at least so far from each other, in seconds. A
  // bounded number, however long or late it is.
  std::vector<Line> lines(Seconds shown, double apart) const;
  // The nearest line that would be drawn; the same place where there are no beats.
  double snapped(double seconds, double apart) const;
  // From one such line to the next; 0 where there are no beats.
  double step(double apart) const;
  // As the ruler names it: a bar, or a beat of one, to the nearest; else the clock's time.
  juce::String name(double at) const;
  // From there to there, in its words.
  juce::String words(Seconds stretch) const;

private:
  struct Steps {
    double named = 1.0, fine = 1.0; // of lines with a text, and of all
  };
  Steps steps(double apart) const;

  double beat_ = 0.0; // seconds
  int beats_in_bar_ = 4;
  double bar_at_ = 0.0; // where some bar begins, in seconds
  double bar_number_ = 0.0;
};

} // namespace umtn::plugin
