// Loads what is heard, and gives it to the player.
#pragma once

#include "../player/player.hpp"
#include "../player/take_loader.hpp"
#include "board.hpp"

namespace umtn::plugin {

// The core's thread alone.
class ProgrammeMaker {
public:
  // The sound of takes' sources is loaded once it is wanted.
  ProgrammeMaker(Board& board, Player& player, const std::atomic<bool>& sources_wanted)
      : board_(board), player_(player), sources_wanted_(sources_wanted) {}

  // A new programme where anything has changed since the last. `expected`: how many of the
  // player's expected changes are on the board. `awaited`: takes under way may still come.
  void give(unsigned expected, bool awaited);
  // The same without any more of the expected changes.
  void give_again(bool awaited) { give(expected_given_, awaited); }
  unsigned expected_given() const { return expected_given_; }

  // Loads a part of what is heard and not in memory yet, some milliseconds' work; whether there is
  // more to do.
  bool load_some();
  // Tries again what could not be read.
  void retry() { loader_.retry(); }

private:
  Board& board_;
  Player& player_;
  const std::atomic<bool>& sources_wanted_;
  std::optional<Take> next_to_load(const TakeList& takes, double rate, bool with_source) const;

  TakeLoader loader_;
  unsigned expected_given_ = 0;
  juce::uint64 revision_given_ = 0;
};

} // namespace umtn::plugin
