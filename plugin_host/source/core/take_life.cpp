#include "take_life.hpp"

#include "../takes/session_folder.hpp"

namespace umtn::plugin {
namespace {

int channels_of(const CapturedTimeline& timeline, const Place& place) {
  int channels = 0;
  for (const Clip& clip : timeline.clips())
    if (clip.place.at(place.rate).overlaps(place.range))
      channels = std::max(channels, clip.channels);
  return channels;
}

} // namespace

void TakeLife::receive(const JobUpdate& update) {
  const std::lock_guard<std::mutex> lock(mutex_);
  news_.push_back(update);
}

void TakeLife::cancel(const juce::String& id) {
  const bool cancelled = board_.change([&](Board::Content& content) {
    Take* const take = content.takes.find(id);
    if (take == nullptr || !take->under_way())
      return false;
    take->state = TakeState::cancelled;
    take->message = {};
    const std::lock_guard<std::mutex> lock(mutex_);
    if (extracting_ == id)
      extraction_cancelled_ = true;
    return true;
  });
  if (cancelled)
    jobs_.cancel(id);
}

void TakeLife::remove(const juce::String& id) {
  cancel(id);
  board_.change([&](Board::Content& content) { content.takes.remove(id); });
}

void TakeLife::forget(const TakeList& before) {
  const auto now = board_.takes();
  for (const Take& take : before.all())
    if (take.under_way() && now.find(take.id) == nullptr)
      jobs_.forget(take.id);
}

void TakeLife::take_up() {
  const auto takes = board_.takes();
  for (const Take& take : takes.all()) {
    if (!take.under_way())
      continue;
    if (take.source.existsAsFile())
      send(take);
    else
      fail(take.id, "The project was saved before its recording was: render the region again.");
  }
}

void TakeLife::end() {
  const std::lock_guard<std::mutex> lock(mutex_);
  ending_ = true;
  extraction_cancelled_ = true;
}

void TakeLife::begin(const Place& place, const RenderSettings& settings,
                     const std::function<void()>& added) {
  if (settings.target.isEmpty())
    return board_.say("Choose an instrument first.");
  capture_.flush();
  if (channels_of(capture_.timeline(), place) == 0)
    return board_.say("Nothing was recorded there: switch capture on, and play the region.");
  Take take;
  take.id = new_take_id();
  take.place = place;
  take.settings = settings;
  take.message = "Its recording is being written.";
  board_.change([&](Board::Content& content) {
    content.folder_settled = true;
    take.source = source_file(content.session_folder, take.id);
    take.result = result_file(content.session_folder, take.id, settings.target);
    content.takes.add(take);
    content.message = {};
  });
  added();
  write_source(take);
}

void TakeLife::again(const juce::String& id, const RenderSettings& settings) {
  Take take;
  const bool added = board_.change([&](Board::Content& content) {
    const Take* const before = content.takes.find(id);
    if (before == nullptr || !before->source.existsAsFile())
      return false; // its recording is still being written, or is lost
    take.place = before->place;
    take.source = before->source;
    take.settings = settings;
    take.id = new_take_id();
    take.result = result_file(content.session_folder, take.id, settings.target);
    content.takes.add(take);
    return true;
  });
  if (added)
    send(take);
}

void TakeLife::hear_news() {
  std::deque<JobUpdate> news;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    news.swap(news_);
  }
  for (const JobUpdate& update : news)
    apply(update);
}

void TakeLife::write_source(const Take& take) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    extracting_ = take.id;
    extraction_cancelled_ = ending_;
  }
  const auto timeline = capture_.timeline();
  const auto trouble = timeline.extract(take.place, channels_of(timeline, take.place), take.source,
                                        &extraction_cancelled_);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    extracting_ = {};
  }
  const bool cancelled = board_.look([&](const Board::Content& content) {
    const Take* const now = content.takes.find(take.id);
    return now == nullptr || !now->under_way();
  });
  if (cancelled)
    return;
  if (trouble.isNotEmpty())
    return fail(take.id, trouble);
  send(take);
}

void TakeLife::send(const Take& take) {
  board_.change([&](Board::Content& content) {
    if (Take* const sent = content.takes.find(take.id))
      sent->message = {};
  });
  jobs_.render({take.id, take.source, take.result, take.settings});
}

void TakeLife::apply(const JobUpdate& update) {
  board_.change([&](Board::Content& content) {
    Take* const take = content.takes.find(update.id);
    if (take == nullptr || !take->under_way())
      return; // removed, or cancelled, in the meantime
    take->state = update.state;
    take->fraction = update.fraction;
    take->seconds_left = update.seconds_left;
    take->message = update.message;
    if (update.note.isNotEmpty())
      take->note = update.note;
    if (update.state == TakeState::done && update.output != juce::File())
      take->result = update.output;
    // Its name is this take's alone: the bridge has made it, and forgotten.
    if (update.state == TakeState::failed && update.code == "exists" && wav_info(take->result)) {
      take->state = TakeState::done;
      take->message = {};
    }
  });
}

void TakeLife::fail(const juce::String& id, const juce::String& message) {
  board_.change([&](Board::Content& content) {
    if (Take* const take = content.takes.find(id)) {
      take->state = TakeState::failed;
      take->message = message;
    }
  });
}

} // namespace umtn::plugin
