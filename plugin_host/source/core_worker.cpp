#include "core_worker.hpp"

#include "bridge/launcher.hpp"
#include "takes/session_folder.hpp"

#include <chrono>

namespace umtn::plugin {
namespace {

constexpr auto kNap = std::chrono::milliseconds(8);
constexpr double kBridgeWait = 20.0; // seconds that a trigger is held for it
constexpr double kQuietHost = 0.5;   // seconds without blocks, after which the host has stopped
constexpr double kPrepareWait = 5.0; // seconds that loading may hold up the host
constexpr double kLoadStateWait = 2.0;

int channels_of(const CapturedTimeline& timeline, const Place& place) {
  int channels = 0;
  for (const Clip& clip : timeline.clips())
    if (clip.place.at(place.rate).overlaps(place.range))
      channels = std::max(channels, clip.channels);
  return channels;
}

} // namespace

Core::Worker::Worker(Capture& capture, Player& player, Region& region,
                     const std::atomic<unsigned>& triggers, const std::atomic<bool>& sources_wanted,
                     CoreOptions options)
    : capture_(capture), player_(player), region_(region), triggers_(triggers),
      sources_wanted_(sources_wanted), options_(std::move(options)),
      session_folder_(default_session_folder().getChildFile(new_session_name())),
      client_(
          [this](const JobUpdate& update) {
            {
              const Lock lock(mutex_);
              news_.push_back(update);
            }
            wake_.notify_all();
          },
          options_.timing, options_.address_file) {
  capture_.set_folder(session_folder_);
}

Core::Worker::~Worker() {
  {
    const Lock lock(mutex_);
    ending_ = true;
  }
  extraction_cancelled_ = true;
  wake_.notify_all();
  if (thread_.joinable())
    thread_.join();
}

void Core::Worker::start() {
  // Known at once, so that the first recording already goes to the right place.
  const auto file = options_.address_file == juce::File() ? bridge_file() : options_.address_file;
  if (const auto address = read_bridge_address(file))
    follow_bridge_folder(address->session_folder);
  const Lock lock(mutex_);
  if (thread_.joinable())
    return;
  client_.start();
  thread_ = std::thread(&Worker::run, this);
}

void Core::Worker::prepare(double rate) {
  start();
  {
    const Lock lock(mutex_);
    rate_ = rate;
    programme_changed_ = true;
  }
  settle(kPrepareWait);
}

// Waits until what is finished is loaded, but not longer than that.
void Core::Worker::settle(double seconds) {
  Lock lock(mutex_);
  if (!thread_.joinable() || rate_ <= 0.0)
    return;
  const auto wanted = ++settles_wanted_;
  wake_.notify_all();
  settled_.wait_for(lock, std::chrono::duration<double>(seconds),
                    [&] { return settles_done_ >= wanted; });
}

void Core::Worker::ask(std::function<void()> command) {
  {
    const Lock lock(mutex_);
    commands_.push_back(std::move(command));
  }
  wake_.notify_all();
}

void Core::Worker::changed() {
  ++revision_;
  programme_changed_ = true;
  wake_.notify_all();
}

CoreView Core::Worker::view() const {
  CoreView view;
  view.transport = region_.transport();
  view.region_source = region_.source();
  view.region = region_.current();
  view.connection = client_.connection();
  view.capture = capture_.report();
  view.captured = capture_.timeline().clips();
  view.bounce_waits = player_.waiting();
  const Lock lock(mutex_);
  view.takes = takes_.all();
  view.soloed = takes_.soloed();
  view.session_folder = session_folder_;
  view.missing = missing_;
  view.message = message_;
  return view;
}

void Core::Worker::render() {
  ask([this] { render_region(); });
}

void Core::Worker::render(const Place& place, const RenderSettings& settings) {
  ask([this, place, settings] { add_take(place, settings); });
}

void Core::Worker::render_again(const juce::String& id, const RenderSettings& settings) {
  ask([this, id, settings] {
    Take take;
    {
      const Lock lock(mutex_);
      const Take* const before = takes_.find(id);
      if (before == nullptr || !before->source.existsAsFile())
        return; // its recording is still being written, or is lost
      take.place = before->place;
      take.source = before->source;
      take.settings = settings;
      take.id = new_take_id();
      take.result = result_file(session_folder_, take.id, settings.target);
      takes_.add(take);
      changed();
    }
    send(take);
  });
}

void Core::Worker::cancel(const juce::String& id) {
  {
    const Lock lock(mutex_);
    Take* const take = takes_.find(id);
    if (take == nullptr || !take->under_way())
      return;
    take->state = TakeState::cancelled;
    take->message = {};
    if (extracting_ == id)
      extraction_cancelled_ = true;
    changed();
  }
  client_.cancel(id);
}

void Core::Worker::remove(const juce::String& id) {
  cancel(id);
  const Lock lock(mutex_);
  takes_.remove(id);
  changed();
}

void Core::Worker::change_takes(const std::function<void(TakeList&)>& change) {
  const Lock lock(mutex_);
  change(takes_);
  changed();
}

void Core::Worker::set_session_folder(const juce::File& folder) {
  const Lock lock(mutex_);
  session_folder_ = folder;
  folder_settled_ = true;
  capture_.set_folder(folder);
  changed();
}

void Core::Worker::locate(const juce::File& folder) {
  ask([this, folder] {
    State state;
    {
      const Lock lock(mutex_);
      state.takes = takes_;
      state.session_folder = session_folder_;
    }
    state.captured = capture_.timeline();
    find_files(state, {folder, folder.getParentDirectory()});
    capture_.set_timeline(state.captured);
    capture_.set_folder(state.session_folder);
    const auto missing = missing_files(state);
    loader_.retry();
    const Lock lock(mutex_);
    for (const Take& found : state.takes.all())
      if (Take* const take = takes_.find(found.id)) {
        take->source = found.source;
        take->result = found.result;
        take->message = {};
      }
    session_folder_ = state.session_folder;
    missing_ = missing;
    changed();
  });
}

void Core::Worker::start_bridge() {
  ask([this] {
    say(umtn::plugin::start_bridge(options_.bridge_command.isEmpty() ? default_bridge_command()
                                                                     : options_.bridge_command));
  });
}

juce::MemoryBlock Core::Worker::save(State state) const {
  state.region_source = region_.source();
  state.dragged = region_.dragged();
  state.captured = capture_.timeline();
  {
    const Lock lock(mutex_);
    state.session_folder = session_folder_;
    state.takes = takes_;
  }
  return save_state(state);
}

std::optional<State> Core::Worker::load(const void* data, std::size_t size) {
  auto state = load_state(data, size);
  if (!state)
    return state;
  auto folders = likely_project_folders();
  folders.push_back(default_session_folder());
  find_files(*state, folders);
  const auto missing = missing_files(*state);

  if (state->dragged)
    region_.drag(*state->dragged);
  region_.choose(state->region_source);
  capture_.set_timeline(state->captured);
  std::vector<Take> under_way;
  {
    const Lock lock(mutex_);
    for (const Take& take : takes_.all())
      if (take.under_way() && state->takes.find(take.id) == nullptr)
        client_.forget(take.id);
    takes_ = state->takes;
    if (state->session_folder != juce::File()) {
      session_folder_ = state->session_folder;
      folder_settled_ = true;
    }
    capture_.set_folder(session_folder_);
    missing_ = missing;
    for (const Take& take : takes_.all())
      if (take.under_way())
        under_way.push_back(take);
    player_.expect();
    changed();
  }
  for (const Take& take : under_way)
    if (take.source.existsAsFile())
      send(take);
    else
      fail(take.id, "The project was saved before its recording was: render the region again.");
  settle(kLoadStateWait);
  return state;
}

void Core::Worker::run() {
  for (;;) {
    std::deque<std::function<void()>> commands;
    juce::uint64 settles = 0;
    {
      Lock lock(mutex_);
      wake_.wait_for(lock, kNap, [&] {
        return ending_ || !commands_.empty() || !news_.empty() || settles_wanted_ != settles_done_;
      });
      if (ending_)
        return;
      commands.swap(commands_);
      settles = settles_wanted_;
    }
    // Before all else, so that what was expected by then is in the programme.
    const unsigned expected = player_.expected();
    for (const auto& command : commands)
      command();
    follow_bridge_folder(client_.connection().session_folder);
    const bool held = look_for_triggers();
    look_for_stop();
    look_for_news();
    const unsigned handled = held ? expected_given_ : expected;
    give_programme(handled);
    while (load_one())
      give_programme(handled);
    player_.collect();
    {
      const Lock lock(mutex_);
      settles_done_ = settles;
    }
    settled_.notify_all();
  }
}

// Whether one is held back: a host that bounces as soon as it has opened a project triggers before
// the bridge has been found, and with it the instruments.
bool Core::Worker::look_for_triggers() {
  const unsigned triggers = triggers_;
  const double now = steady_seconds();
  if (triggers == triggers_handled_) {
    held_since_ = now;
    return false;
  }
  if (now - held_since_ < kBridgeWait && bridge_unknown())
    return true;
  render_region(); // once: two within a moment mean the same region
  triggers_handled_ = triggers;
  return false;
}

bool Core::Worker::bridge_unknown() const {
  const auto connection = client_.connection();
  return connection.link == Link::searching || connection.link == Link::connecting ||
         (connection.connected() && connection.models.empty());
}

void Core::Worker::look_for_stop() {
  const double now = steady_seconds();
  const auto blocks = region_.blocks();
  if (blocks != blocks_)
    blocks_at_ = now;
  blocks_ = blocks;
  const auto version = capture_.report().version;
  const bool rolling = region_.transport().rolling() && now - blocks_at_ < kQuietHost;
  if (rolling && !rolling_)
    version_before_roll_ = version;
  if (!rolling && rolling_ && auto_render_) {
    capture_.flush();
    if (capture_.report().version != version_before_roll_)
      render_region();
  }
  rolling_ = rolling;
}

void Core::Worker::look_for_news() {
  std::deque<JobUpdate> news;
  {
    const Lock lock(mutex_);
    news.swap(news_);
  }
  for (const JobUpdate& update : news)
    apply(update);
  const auto client = client_.version();
  const auto capture = capture_.report().version;
  const bool waiting = player_.waiting();
  if (client != client_version_ || capture != capture_version_ || waiting != was_waiting_) {
    const Lock lock(mutex_);
    changed();
  }
  client_version_ = client;
  capture_version_ = capture;
  was_waiting_ = waiting;
}

// Until takes lie there, files go where the bridge may read.
void Core::Worker::follow_bridge_folder(const juce::File& folder) {
  const Lock lock(mutex_);
  if (folder_settled_ || folder == juce::File() || session_folder_.isAChildOf(folder))
    return;
  session_folder_ = folder.getChildFile(session_folder_.getFileName());
  capture_.set_folder(session_folder_);
  ++revision_;
}

void Core::Worker::render_region() {
  const auto place = region_.current();
  if (!place)
    return say("There is no region yet: play it, loop it, or drag it here.");
  add_take(*place, options_.settings ? options_.settings() : RenderSettings());
}

void Core::Worker::add_take(const Place& place, const RenderSettings& settings) {
  if (settings.target.isEmpty())
    return say("Choose an instrument first.");
  capture_.flush();
  if (channels_of(capture_.timeline(), place) == 0)
    return say("Nothing was recorded there: switch capture on, and play the region.");
  Take take;
  take.id = new_take_id();
  take.place = place;
  take.settings = settings;
  take.message = "Its recording is being written.";
  {
    const Lock lock(mutex_);
    folder_settled_ = true;
    take.source = source_file(session_folder_, take.id);
    take.result = result_file(session_folder_, take.id, settings.target);
    takes_.add(take);
    message_ = {};
    changed();
  }
  // At once in the programme, so that an offline render waits for it from here on.
  give_programme(expected_given_);
  write_source(take);
}

void Core::Worker::write_source(const Take& take) {
  {
    const Lock lock(mutex_);
    extracting_ = take.id;
    extraction_cancelled_ = ending_;
  }
  const auto timeline = capture_.timeline();
  const auto trouble = timeline.extract(take.place, channels_of(timeline, take.place), take.source,
                                        &extraction_cancelled_);
  bool cancelled = false;
  {
    const Lock lock(mutex_);
    extracting_ = {};
    const Take* const now = takes_.find(take.id);
    cancelled = now == nullptr || !now->under_way();
  }
  if (cancelled)
    return;
  if (trouble.isNotEmpty())
    return fail(take.id, trouble);
  send(take);
}

void Core::Worker::send(const Take& take) {
  change_takes([&](TakeList& takes) {
    if (Take* const sent = takes.find(take.id))
      sent->message = {};
  });
  client_.render({take.id, take.source, take.result, take.settings});
}

void Core::Worker::apply(const JobUpdate& update) {
  const Lock lock(mutex_);
  Take* const take = takes_.find(update.id);
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
  changed();
}

void Core::Worker::fail(const juce::String& id, const juce::String& message) {
  change_takes([&](TakeList& takes) {
    if (Take* const take = takes.find(id)) {
      take->state = TakeState::failed;
      take->message = message;
    }
  });
}

void Core::Worker::say(const juce::String& message) {
  const Lock lock(mutex_);
  message_ = message;
  ++revision_;
}

// Loads what is heard and not in memory yet; whether there was such a take.
bool Core::Worker::load_one() {
  Take next;
  double rate = 0.0;
  bool with_source = false;
  {
    const Lock lock(mutex_);
    if (rate_ <= 0.0 || ending_)
      return false;
    rate = rate_;
    with_source = sources_wanted_;
    for (const Take& take : takes_.all())
      if (take.state == TakeState::done && takes_.audible(take) &&
          !loader_.has(take, rate, with_source)) {
        next = take;
        break;
      }
  }
  if (next.id.isEmpty())
    return false;
  const auto trouble = loader_.load(next, rate, with_source);
  change_takes([&](TakeList& takes) {
    if (Take* const take = takes.find(next.id))
      take->message = trouble;
  });
  return true;
}

// A bounce does not wait for a bridge that nobody has started.
bool Core::Worker::bridge_may_come() const {
  const auto link = client_.connection().link;
  return link == Link::connected || link == Link::connecting || link == Link::searching;
}

void Core::Worker::give_programme(unsigned expected) {
  const bool awaited = bridge_may_come();
  auto programme = std::make_unique<Programme>();
  {
    const Lock lock(mutex_);
    if (!programme_changed_ && expected == expected_given_)
      return;
    programme_changed_ = false;
    programme->rate = rate_;
    programme->handled = expected_given_ = expected;
    loader_.keep(takes_);
    for (const Take& take : takes_.all()) {
      const auto layer = loader_.layer(take, rate_);
      const bool coming = take.state == TakeState::done ? !loader_.has(take, rate_, false)
                                                        : take.under_way() && awaited;
      if (takes_.audible(take) && (coming || layer.result != nullptr))
        programme->layers.push_back(layer);
    }
  }
  player_.give(std::move(programme));
}

} // namespace umtn::plugin
