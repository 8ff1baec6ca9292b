#include "take_history.hpp"

namespace umtn::plugin {
namespace {

constexpr std::size_t kMostEdits = 200;

// Of the takes that are in both lists.
std::vector<juce::String> order_of(const TakeList& takes, const TakeList& other) {
  std::vector<juce::String> ids;
  for (const Take& take : takes.all())
    if (other.find(take.id) != nullptr)
      ids.push_back(take.id);
  return ids;
}

} // namespace

void TakeHistory::record(const juce::String& name, const TakeList& before, const TakeList& after) {
  Edit edit;
  edit.name = name;
  edit.solo[0] = before.soloed();
  edit.solo[1] = after.soloed();
  for (std::size_t index = 0; index < before.all().size(); ++index) {
    const Take& was = before.all()[index];
    const Take* const is = after.find(was.id);
    if (is == nullptr)
      edit.removed.push_back({index, was});
    else if (is->muted != was.muted || is->name != was.name)
      edit.looks.push_back({was.id, {was.name, is->name}, {was.muted, is->muted}});
  }
  if (order_of(before, after) != order_of(after, before)) {
    edit.order[0] = order_of(before, before);
    edit.order[1] = order_of(after, before);
  }
  if (edit.removed.empty() && edit.looks.empty() && edit.order[0].empty() &&
      edit.solo[0] == edit.solo[1])
    return;
  undone_.clear();
  done_.push_back(std::move(edit));
  if (done_.size() > kMostEdits)
    done_.pop_front();
}

void TakeHistory::clear() {
  done_.clear();
  undone_.clear();
}

void TakeHistory::show(TakeList& takes, const Edit& edit, int side) {
  for (const Away& away : edit.removed)
    if (side == 0)
      takes.insert(away.index, away.take);
    else
      takes.remove(away.take.id);
  for (const Looks& looks : edit.looks) {
    takes.mute(looks.id, looks.muted[side]);
    takes.rename(looks.id, looks.name[side]);
  }
  if (!edit.order[side].empty())
    takes.order(edit.order[side]);
  if (edit.solo[0] != edit.solo[1])
    takes.solo(edit.solo[side]);
}

bool TakeHistory::undo(TakeList& takes) {
  if (done_.empty())
    return false;
  show(takes, done_.back(), 0);
  undone_.push_back(std::move(done_.back()));
  done_.pop_back();
  return true;
}

bool TakeHistory::redo(TakeList& takes) {
  if (undone_.empty())
    return false;
  show(takes, undone_.back(), 1);
  done_.push_back(std::move(undone_.back()));
  undone_.pop_back();
  return true;
}

std::vector<Take> TakeHistory::away() const {
  std::vector<Take> takes;
  for (const Edit& edit : done_)
    for (const Away& away : edit.removed)
      takes.push_back(away.take);
  return takes;
}

void TakeHistory::moved(const Take& take) {
  for (Edit& edit : done_)
    for (Away& away : edit.removed)
      if (away.take.id == take.id) {
        away.take.source = take.source;
        away.take.result = take.result;
      }
}

} // namespace umtn::plugin
