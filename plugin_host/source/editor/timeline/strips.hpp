// What lies in the lanes, bottom to top.
#pragma once

#include "../../core.hpp"
#include "seconds.hpp"

#include <vector>

namespace umtn::plugin {

struct Strip {
  enum class Lane { source, result };

  Lane lane = Lane::source;
  Seconds place;
  juce::File file;     // none: nothing to draw but its place
  double offset = 0.0; // in the file, in seconds
  double rate = 0.0;   // of a file that is being recorded
  bool covers = false; // what lies below it is not heard
  bool heard = true;
  float fraction = -1.0f; // of a render under way; negative: none
  bool running = false;   // and not only waiting

  // The same but for its end.
  bool grew_from(const Strip& before) const;
  bool operator==(const Strip& other) const {
    return grew_from(other) && place.end == other.place.end;
  }
};

std::vector<Strip> strips_of(const CoreView& view);

// The stretches of either lane that are to be drawn again; all of them where much is different.
struct Change {
  bool everything = false;
  std::vector<std::pair<Strip::Lane, Seconds>> stretches;
};
Change change_between(const std::vector<Strip>& before, const std::vector<Strip>& after);

} // namespace umtn::plugin
