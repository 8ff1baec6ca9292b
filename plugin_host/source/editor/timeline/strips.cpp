#include "strips.hpp"

namespace umtn::plugin {

bool Strip::grew_from(const Strip& before) const {
  return lane == before.lane && place.start == before.place.start && file == before.file &&
         offset == before.offset && rate == before.rate && covers == before.covers &&
         heard == before.heard && fraction == before.fraction && running == before.running;
}

std::vector<Strip> strips_of(const CoreView& view) {
  std::vector<Strip> strips;
  for (const Clip& clip : view.captured) {
    Strip strip;
    strip.place = seconds_of(clip.place);
    strip.file = clip.file;
    strip.rate = clip.place.rate;
    strip.offset = seconds_of(clip.offset, clip.place.rate);
    strips.push_back(strip);
  }
  for (const Take& take : view.takes) {
    if (take.state == TakeState::failed || take.state == TakeState::cancelled)
      continue;
    Strip strip;
    strip.lane = Strip::Lane::result;
    strip.place = seconds_of(take.place);
    strip.heard =
        !take.muted && (view.soloed.isEmpty() || view.soloed == take.id) && !take.under_way();
    if (take.state == TakeState::done) {
      strip.file = take.result;
      strip.covers = strip.heard;
    } else {
      strip.fraction = take.fraction;
      strip.running = take.state == TakeState::running;
    }
    strips.push_back(strip);
  }
  return strips;
}

Change change_between(const std::vector<Strip>& before, const std::vector<Strip>& after) {
  Change change;
  change.everything = after.size() != before.size();
  for (std::size_t n = 0; n < after.size() && !change.everything; ++n) {
    const Strip &was = before[n], &is = after[n];
    if (is == was)
      continue;
    if (is.lane != was.lane) {
      change.everything = true;
    } else if (is.grew_from(was)) {
      change.stretches.push_back(
          {is.lane,
           {std::min(was.place.end, is.place.end), std::max(was.place.end, is.place.end)}});
    } else {
      change.stretches.push_back({was.lane, was.place});
      change.stretches.push_back({is.lane, is.place});
    }
  }
  return change;
}

} // namespace umtn::plugin
