#include "worker.hpp"

#include "../bridge/address.hpp"
#include "../takes/saved_files.hpp"
#include "can_render.hpp"

namespace umtn::plugin {
namespace {

constexpr double kHostWait = 0.03; // seconds that a host waits for what is quickly loaded

} // namespace

Core::Worker::Worker(Capture& capture, Player& player, Listen& listen, Region& region,
                     const std::atomic<unsigned>& triggers, const std::atomic<bool>& sources_wanted,
                     CoreOptions options)
    : capture_(capture), player_(player), region_(region), options_(std::move(options)),
      files_(board_, capture, region),
      life_(board_, capture,
            {[this](const RenderRequest& request) { client_.render(request); },
             [this](const juce::String& id) { client_.cancel(id); },
             [this](const juce::String& id) { client_.forget(id); }}),
      moments_(triggers, region, capture), programmes_(board_, player, sources_wanted),
      import_(
          board_, capture, region,
          [this](const juce::File& input, const juce::File& output, OnAnswer answer) {
            client_.convert(input, output, std::move(answer));
          },
          [this](std::function<void()> command) { thread_.ask(std::move(command)); }),
      previews_(
          listen,
          [this](const juce::String& model, const juce::String& target, OnAnswer answer) {
            client_.preview(model, target, std::move(answer));
          },
          [this] { return region_.transport().rolling(); }),
      client_(
          [this](const JobUpdate& update) {
            life_.receive(update);
            thread_.wake();
          },
          options_.timing, options_.address_file),
      live_([this] { return needed_files(); }) {}

Core::Worker::~Worker() {
  life_.end();
  thread_.end(); // before the client, which it uses
}

void Core::Worker::start() {
  // Known at once, so that the first recording already goes to the right place.
  const auto file = options_.address_file == juce::File() ? bridge_file() : options_.address_file;
  if (const auto address = read_bridge_address(file))
    files_.follow_bridge_folder(address->session_folder);
  client_.start();
  thread_.start([this] { return round(); });
}

void Core::Worker::prepare(double rate) {
  start();
  board_.change([&](Board::Content& content) { content.rate = rate; });
  settle();
}

// A host may play, or bounce, as soon as it has what it called: what is loaded by then is in the
// programme, and offline renders wait for the rest.
void Core::Worker::settle() {
  player_.expect(); // after the change: who sees this sees that
  if (board_.look([](const Board::Content& content) { return content.rate > 0.0; }))
    thread_.settle(kHostWait);
}

void Core::Worker::render() {
  thread_.ask([this] { render_region(); });
}

void Core::Worker::render(const juce::StringArray& targets) {
  thread_.ask([this, targets] { render_region(targets); });
}

void Core::Worker::render(const Place& place, const RenderSettings& settings) {
  thread_.ask([this, place, settings] { begin(place, {settings}); });
}

void Core::Worker::render_again(const juce::String& id, const RenderSettings& settings) {
  thread_.ask([this, id, settings] {
    const auto trouble = why_not_render(client_.connection(), settings);
    trouble.isEmpty() ? life_.again(id, settings) : board_.say(trouble);
  });
}

void Core::Worker::remove(const juce::String& id) {
  life_.remove(id);
  thread_.wake();
}

void Core::Worker::edit_takes(const juce::String& name,
                              const std::function<void(TakeList&)>& change) {
  board_.change([&](Board::Content& content) { content.edit(name, change); });
  thread_.wake();
}

void Core::Worker::undo() {
  board_.change([](Board::Content& content) { content.history.undo(content.takes); });
  thread_.wake();
}

void Core::Worker::redo() {
  board_.change([](Board::Content& content) { content.history.redo(content.takes); });
  thread_.wake();
}

// Of this instance, and what it is about to write. Any thread.
std::vector<juce::File> Core::Worker::needed_files() const {
  State state;
  state.captured = capture_.timeline_to_save();
  board_.look([&](const Board::Content& content) {
    state.takes = content.takes;
    for (const Take& take : content.history.away())
      state.takes.add(take);
  });
  return files_of(state);
}

void Core::Worker::measure_disk() {
  thread_.ask([this] { measure(); });
}

void Core::Worker::measure() {
  const auto folder =
      board_.look([](const Board::Content& content) { return content.session_folder; });
  const auto disk = umtn::plugin::measure_disk(folder);
  board_.change([&](Board::Content& content) { content.disk = disk; });
}

// A file at a time, between the thread's other work: the trash may be on another disk.
void Core::Worker::clean_up() {
  thread_.ask([this] {
    measure();
    const auto failed = std::make_shared<int>(0);
    const auto unused =
        board_.look([](const Board::Content& content) { return content.disk->unused; });
    for (const auto& file : unused)
      thread_.ask([file, failed] { *failed += trash_unused(file) ? 0 : 1; });
    thread_.ask([this, failed] {
      measure();
      if (*failed > 0)
        board_.say(juce::String(*failed) + (*failed == 1 ? " file" : " files") +
                   " could not be moved to the trash: see whether this machine has one, and "
                   "whether the session folder may be written to.");
    });
  });
}

juce::MemoryBlock Core::Worker::save(State state) {
  state.instance = live_.id();
  state = files_.complete(std::move(state));
  thread_.ask([id = state.instance, files = files_of(state)] { SavedFiles::add(id, files); });
  return save_state(state);
}

void Core::Worker::locate(const juce::File& folder) {
  thread_.ask([this, folder] {
    programmes_.retry();
    files_.locate(folder);
  });
}

void Core::Worker::start_bridge() {
  client_.start_bridge(options_.bridge_command);
}

void Core::Worker::import_audio(const std::vector<juce::File>& files, const Place& start) {
  thread_.ask([this, files, start] { import_.begin(files, start); });
}

std::optional<State> Core::Worker::load(const void* data, std::size_t size) {
  const auto state = ProjectFiles::read(data, size);
  if (!state)
    return state;
  life_.forget(files_.open(*state));
  life_.take_up();
  live_.take_over(state->instance);
  thread_.ask([id = live_.id(), files = files_of(*state)] { SavedFiles::add(id, files); });
  settle();
  return state;
}

bool Core::Worker::round() {
  // Before all else, so that what was expected by then is in the programme.
  const unsigned expected = player_.expected();
  thread_.do_commands();
  files_.follow_bridge_folder(client_.connection().session_folder);
  const double now = steady_seconds();
  if (moments_.triggered(now, bridge_unknown()))
    render_region();
  if (moments_.stopped(now))
    render_region();
  life_.hear_news();
  look_for_changes();
  const unsigned handled = moments_.held() ? programmes_.expected_given() : expected;
  programmes_.give(handled, bridge_may_come());
  const bool more = programmes_.load_some();
  player_.collect();
  if (import_.step())
    thread_.wake(); // at once again, but nobody waits for it
  return more;
}

void Core::Worker::render_region(const juce::StringArray& targets) {
  const auto place = region_.current();
  if (!place)
    return board_.say("There is no region yet: play it, loop it, or drag it here.");
  const auto settings = options_.settings ? options_.settings() : RenderSettings();
  std::vector<RenderSettings> wanted;
  for (const auto& target : targets) {
    wanted.push_back(settings);
    wanted.back().target = target;
  }
  begin(*place, targets.isEmpty() ? std::vector{settings} : wanted);
}

void Core::Worker::begin(const Place& place, const std::vector<RenderSettings>& wanted) {
  const auto connection = client_.connection();
  for (const RenderSettings& settings : wanted)
    if (const auto trouble = why_not_render(connection, settings); trouble.isNotEmpty())
      return board_.say(trouble);
  // At once in the programme, so that an offline render waits for it from here on.
  life_.begin(place, wanted, [this] { programmes_.give_again(bridge_may_come()); });
}

void Core::Worker::look_for_changes() {
  const auto client = client_.version();
  const auto capture = capture_.report().version;
  const bool waiting = player_.waiting();
  // Without a bridge, what it had is the best that is known.
  if (client != client_version_)
    if (const auto models = client_.connection().models; !models.empty() && models != models_) {
      models_ = models;
      if (options_.models_changed)
        options_.models_changed(models_);
    }
  const auto preview = previews_.current();
  if (client != client_version_ || capture != capture_version_ || waiting != was_waiting_ ||
      !(preview == preview_))
    board_.changed();
  client_version_ = client;
  capture_version_ = capture;
  was_waiting_ = waiting;
  preview_ = preview;
}

// A bounce does not wait for a bridge that nobody has started.
bool Core::Worker::bridge_may_come() const {
  const auto link = client_.connection().link;
  return link == Link::connected || link == Link::connecting || link == Link::searching;
}

bool Core::Worker::bridge_unknown() const {
  const auto connection = client_.connection();
  return connection.link == Link::searching || connection.link == Link::connecting ||
         (connection.connected() && connection.models.empty());
}

} // namespace umtn::plugin
