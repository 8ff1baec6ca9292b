// What the player plays: finished takes in memory, at the host's rate.
#pragma once

#include "../audio/wav.hpp"

#include <memory>
#include <vector>

namespace umtn::plugin {

struct Layer {
  Range range;                         // of the timeline, at the programme's rate
  std::shared_ptr<const Audio> result; // none while the take is under way, or being loaded
  std::shared_ptr<const Audio> source; // none unless it was asked for
  bool source_lost = false;            // it was, and there is none
};

// Never changed once the audio thread has it. Later layers lie over earlier ones.
struct Programme {
  double rate = 0.0;
  std::vector<Layer> layers;
  unsigned handled = 0; // how many of Player::expect's changes it reflects
};

} // namespace umtn::plugin
