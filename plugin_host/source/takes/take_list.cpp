#include "take_list.hpp"

#include <algorithm>

namespace umtn::plugin {

const char* name_of(TakeState state) {
  switch (state) {
  case TakeState::queued:
    return "queued";
  case TakeState::running:
    return "running";
  case TakeState::done:
    return "done";
  case TakeState::failed:
    return "failed";
  case TakeState::cancelled:
    return "cancelled";
  }
  return "failed";
}

std::optional<TakeState> take_state(const juce::String& name) {
  for (const auto state : {TakeState::queued, TakeState::running, TakeState::done,
                           TakeState::failed, TakeState::cancelled})
    if (name == name_of(state))
      return state;
  return std::nullopt;
}

juce::String transpose_text(int transpose) {
  return transpose == kOctave ? juce::String("octave") : juce::String(transpose);
}

const Take* TakeList::find(const juce::String& id) const {
  const auto found =
      std::find_if(takes_.begin(), takes_.end(), [&](const Take& take) { return take.id == id; });
  return found == takes_.end() ? nullptr : &*found;
}

Take* TakeList::find(const juce::String& id) {
  return const_cast<Take*>(std::as_const(*this).find(id));
}

void TakeList::add(Take take) {
  remove(take.id);
  takes_.push_back(std::move(take));
}

void TakeList::insert(std::size_t index, Take take) {
  remove(take.id);
  takes_.insert(takes_.begin() + static_cast<std::ptrdiff_t>(std::min(index, takes_.size())),
                std::move(take));
}

void TakeList::order(const std::vector<juce::String>& ids) {
  const auto rank = [&](const Take& take) {
    return std::find(ids.begin(), ids.end(), take.id) - ids.begin();
  };
  std::stable_sort(takes_.begin(), takes_.end(),
                   [&](const Take& a, const Take& b) { return rank(a) < rank(b); });
}

void TakeList::remove(const juce::String& id) {
  takes_.erase(
      std::remove_if(takes_.begin(), takes_.end(), [&](const Take& take) { return take.id == id; }),
      takes_.end());
  if (solo_ == id)
    solo_.clear();
}

void TakeList::bring_to_top(const juce::String& id) {
  const auto found =
      std::find_if(takes_.begin(), takes_.end(), [&](const Take& take) { return take.id == id; });
  if (found != takes_.end())
    std::rotate(found, found + 1, takes_.end());
}

void TakeList::mute(const juce::String& id, bool muted) {
  if (auto* const take = find(id))
    take->muted = muted;
}

void TakeList::rename(const juce::String& id, const juce::String& name) {
  if (auto* const take = find(id))
    take->name = name.trim().substring(0, kLongestName);
}

const Take* TakeList::twin(const Take& take) const {
  const auto same = [&](const Take& other) {
    return other.id != take.id && (other.under_way() || other.state == TakeState::done) &&
           other.place == take.place && other.recording == take.recording &&
           take.recording.isNotEmpty() && other.settings == take.settings;
  };
  const auto found = std::find_if(takes_.rbegin(), takes_.rend(), same);
  return found == takes_.rend() ? nullptr : &*found;
}

int TakeList::unused_seed(Take take) const {
  for (int tries = 0; tries < kSeeds && twin(take) != nullptr; ++tries)
    take.settings.seed = (take.settings.seed + 1) % kSeeds;
  return take.settings.seed;
}

std::vector<juce::String> TakeList::rivals(const juce::String& id) const {
  std::vector<juce::String> ids;
  const Take* const take = find(id);
  if (take == nullptr)
    return ids;
  for (auto other = takes_.rbegin(); other != takes_.rend(); ++other)
    if (other->id == id || (other->state == TakeState::done &&
                            other->place.at(take->place.rate).overlaps(take->place.range)))
      ids.push_back(other->id);
  return ids;
}

void TakeList::next_rival(const juce::String& id) {
  const auto ids = rivals(id);
  if (!ids.empty())
    bring_to_top(ids.back());
}

bool TakeList::audible(const Take& take) const {
  return solo_.isEmpty() ? !take.muted : take.id == solo_;
}

} // namespace umtn::plugin
