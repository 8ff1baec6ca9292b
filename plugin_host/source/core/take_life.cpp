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

// The same for as long as nothing new is recorded there: files never change where they have been
// written.
juce::String recording_of(const CapturedTimeline& timeline, const Place& place) {
  juce::String pieces;
  for (const Clip& clip : timeline.clips()) {
    const Range shown = clip.place.at(place.rate).intersection(place.range);
    if (!shown.empty())
      pieces << clip.file.getFileName() << " " << clip.place.range.start - clip.offset << " "
             << clip.place.rate << " " << shown.start << " " << shown.end << "\n";
  }
  return juce::String::toHexString(pieces.hashCode64());
}

// The new one's twin, heard from now on; whether there is one.
bool raise_twin(Board::Content& content, const Take& take) {
  const Take* const twin = content.takes.twin(take);
  if (twin == nullptr)
    return false;
  const auto id = twin->id;
  content.edit("Bring take to top", [&](TakeList& takes) {
    takes.bring_to_top(id);
    takes.mute(id, false);
  });
  return true;
}

juce::String say_twins(const juce::StringArray& targets) {
  if (targets.isEmpty())
    return {};
  const auto names = targets.joinIntoString(", ");
  return targets.size() == 1 ? "This take on " + names +
                                   " is there already, and on top now: for another performance "
                                   "choose another Variation."
                             : "These takes are there already, and on top now: " + names +
                                   ". For other performances choose another Variation.";
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
    if (extracting_.contains(id)) {
      extracting_.removeString(id);
      extraction_cancelled_ = extraction_cancelled_ || extracting_.isEmpty();
    }
    return true;
  });
  if (cancelled)
    jobs_.cancel(id);
}

void TakeLife::remove(const juce::String& id) {
  cancel(id);
  board_.change([&](Board::Content& content) {
    content.edit("Delete take", [&](TakeList& takes) { takes.remove(id); });
  });
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

void TakeLife::begin(const Place& place, const std::vector<RenderSettings>& wanted,
                     const std::function<void()>& added) {
  capture_.flush();
  const auto timeline = capture_.timeline();
  if (channels_of(timeline, place) == 0)
    return board_.say("Nothing was recorded there: switch capture on, and play the region.");
  std::vector<Take> takes;
  board_.change([&](Board::Content& content) {
    content.folder_settled = true;
    juce::StringArray there;
    for (const RenderSettings& settings : wanted) {
      Take take;
      take.id = new_take_id();
      take.place = place;
      take.recording = recording_of(timeline, place);
      take.settings = settings;
      take.message = "Its recording is being written.";
      // One file is enough for all of them.
      take.source =
          takes.empty() ? source_file(content.session_folder, take.id) : takes.front().source;
      take.result = result_file(content.session_folder, take.id, settings.target);
      if (raise_twin(content, take)) {
        there.add(settings.target);
      } else {
        content.takes.add(take);
        takes.push_back(take);
      }
    }
    content.message = say_twins(there);
  });
  added();
  if (!takes.empty())
    write_source(takes, timeline);
}

void TakeLife::again(const juce::String& id, const RenderSettings& settings) {
  Take take;
  const bool added = board_.change([&](Board::Content& content) {
    Take* const before = content.takes.find(id);
    if (before == nullptr)
      return false;
    if (!before->source.existsAsFile()) {
      content.message =
          before->under_way()
              ? "The recording of this take is still being written: try again in a moment."
              : "The recording of this take is lost: render the region again.";
      return false;
    }
    if (before->recording.isEmpty()) // of an old project
      before->recording = before->source.getFileName();
    take.place = before->place;
    take.source = before->source;
    take.recording = before->recording;
    take.settings = settings;
    take.id = new_take_id();
    take.settings.seed = content.takes.unused_seed(take);
    take.result = result_file(content.session_folder, take.id, settings.target);
    content.takes.add(take);
    content.message = {};
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

void TakeLife::write_source(const std::vector<Take>& takes, const CapturedTimeline& timeline) {
  const auto wanted_still = [](const Board::Content& content, const Take& take) {
    const Take* const now = content.takes.find(take.id);
    return now != nullptr && now->under_way();
  };
  board_.look([&](const Board::Content& content) {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const Take& take : takes)
      if (wanted_still(content, take))
        extracting_.add(take.id);
    extraction_cancelled_ = ending_ || extracting_.isEmpty();
  });
  const Take& first = takes.front();
  const auto trouble = timeline.extract(first.place, channels_of(timeline, first.place),
                                        first.source, &extraction_cancelled_);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    extracting_.clear();
  }
  for (const Take& take : takes) {
    const bool wanted =
        board_.look([&](const Board::Content& content) { return wanted_still(content, take); });
    if (wanted && trouble.isNotEmpty())
      fail(take.id, trouble);
    else if (wanted)
      send(take);
  }
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
    if (update.offer.isNotEmpty())
      take->offer = update.offer;
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
