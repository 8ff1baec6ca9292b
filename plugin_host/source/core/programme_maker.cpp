#include "programme_maker.hpp"

namespace umtn::plugin {

bool ProgrammeMaker::load_some() {
  const bool with_source = sources_wanted_;
  const auto [takes, rate] = board_.look(
      [](const Board::Content& content) { return std::pair(content.takes, content.rate); });
  if (rate <= 0.0)
    return false;
  const auto next = next_to_load(takes, rate, with_source);
  if (!next)
    return false;
  loader_.load_some(*next, rate, with_source);
  if (loader_.has(*next, rate, false) && loader_.under_way().isEmpty())
    board_.change([&](Board::Content& content) {
      if (Take* const take = content.takes.find(next->id))
        take->message = loader_.trouble(*next);
    });
  return true;
}

// What is begun goes on, so that it is not begun anew.
std::optional<Take> ProgrammeMaker::next_to_load(const TakeList& takes, double rate,
                                                 bool with_source) const {
  std::optional<Take> next;
  for (const Take& take : takes.all())
    if (take.state == TakeState::done && takes.audible(take) &&
        !loader_.has(take, rate, with_source) && (!next || take.id == loader_.under_way()))
      next = take;
  return next;
}

// Only copied with the lock held: what nobody needs any more takes a while to be freed.
void ProgrammeMaker::give(unsigned expected, bool awaited) {
  juce::uint64 revision = 0;
  TakeList takes;
  double rate = 0.0;
  board_.look([&](const Board::Content& content) {
    revision = board_.revision();
    takes = content.takes;
    rate = content.rate;
  });
  if (revision == revision_given_ && expected == expected_given_)
    return;
  revision_given_ = revision;
  expected_given_ = expected;
  loader_.keep(takes, rate);
  auto programme = std::make_unique<Programme>();
  programme->rate = rate;
  programme->handled = expected;
  for (const Take& take : takes.all()) {
    const auto layer = loader_.layer(take, rate);
    const bool coming = take.state == TakeState::done ? !loader_.has(take, rate, false)
                                                      : take.under_way() && awaited;
    if (takes.audible(take) && (coming || layer.result != nullptr))
      programme->layers.push_back(layer);
  }
  player_.give(std::move(programme));
}

} // namespace umtn::plugin
