#include "programme_maker.hpp"

namespace umtn::plugin {

bool ProgrammeMaker::load_one() {
  Take next;
  double rate = 0.0;
  const bool with_source = sources_wanted_;
  board_.look([&](const Board::Content& content) {
    rate = content.rate;
    if (rate <= 0.0)
      return;
    for (const Take& take : content.takes.all())
      if (take.state == TakeState::done && content.takes.audible(take) &&
          !loader_.has(take, rate, with_source)) {
        next = take;
        break;
      }
  });
  if (next.id.isEmpty())
    return false;
  const auto trouble = loader_.load(next, rate, with_source);
  board_.change([&](Board::Content& content) {
    if (Take* const take = content.takes.find(next.id))
      take->message = trouble;
  });
  return true;
}

void ProgrammeMaker::give(unsigned expected, bool awaited) {
  auto programme = std::make_unique<Programme>();
  const bool changed = board_.look([&](const Board::Content& content) {
    const auto revision = board_.revision();
    if (revision == revision_given_ && expected == expected_given_)
      return false;
    revision_given_ = revision;
    programme->rate = content.rate;
    programme->handled = expected_given_ = expected;
    loader_.keep(content.takes);
    for (const Take& take : content.takes.all()) {
      const auto layer = loader_.layer(take, content.rate);
      const bool coming = take.state == TakeState::done ? !loader_.has(take, content.rate, false)
                                                        : take.under_way() && awaited;
      if (content.takes.audible(take) && (coming || layer.result != nullptr))
        programme->layers.push_back(layer);
    }
    return true;
  });
  if (changed)
    player_.give(std::move(programme));
}

} // namespace umtn::plugin
