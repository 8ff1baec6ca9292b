#include "bridge_worker.hpp"

#include "../timeline/pace.hpp"

namespace umtn::plugin {
namespace {

constexpr int kProtocol = 1;
constexpr double kRefreshModels = 30.0; // seconds: models may be installed while the bridge runs
constexpr double kMissingModels = 1.0;  // when the list came with gaps

} // namespace

BridgeClient::Worker::Worker(OnJob on_job, Timing timing, juce::File address_file)
    : on_job_(std::move(on_job)), timing_(timing), address_file_(std::move(address_file)),
      start_(timing.start), jobs_(timing), requests_(timing) {}

BridgeClient::Worker::~Worker() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable())
    thread_.join();
}

void BridgeClient::Worker::start() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!thread_.joinable())
    thread_ = std::thread(&Worker::run, this);
}

void BridgeClient::Worker::ask(std::function<void()> command) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    commands_.push_back(std::move(command));
  }
  wake_.notify_all();
}

void BridgeClient::Worker::set_token(const juce::String& token) {
  ask([this, token] {
    token_ = token;
    typed_counts_ = token_refused_ || address_.token.isEmpty();
    token_refused_ = false;
    if (link_ != nullptr)
      greet();
  });
}
void BridgeClient::Worker::start_bridge(const juce::StringArray& command) {
  ask([this, command] {
    start_.begin(command, steady_seconds());
    look_at_ = 0.0;
  });
}
void BridgeClient::Worker::render(const RenderRequest& request) {
  ask([this, request] { jobs_.add(request, steady_seconds()); });
}
void BridgeClient::Worker::cancel(const juce::String& id) {
  ask([this, id] {
    if (const auto update = jobs_.cancel(id, steady_seconds()))
      tell(*update);
  });
}
void BridgeClient::Worker::forget(const juce::String& id) {
  ask([this, id] { jobs_.forget(id); });
}
void BridgeClient::Worker::preview(const juce::String& model, const juce::String& target,
                                   OnAnswer answer) {
  ask([this, model, target, answer = std::move(answer)] {
    requests_.preview(model, target, answer, steady_seconds());
  });
}
void BridgeClient::Worker::convert(const juce::File& input, const juce::File& output,
                                   OnAnswer answer) {
  ask([this, input, output, answer = std::move(answer)] {
    requests_.convert(input, output, answer, steady_seconds());
  });
}

Connection BridgeClient::Worker::connection() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return connection_;
}
juce::uint64 BridgeClient::Worker::version() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return version_;
}

void BridgeClient::Worker::run() {
  for (;;) {
    std::deque<std::function<void()>> commands;
    std::deque<juce::OSCMessage> messages;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait_for(lock, std::chrono::duration<double>(std::min(0.05, timing_.resend / 4)),
                     [&] { return ending_ || !commands_.empty() || !inbox_.empty(); });
      if (ending_)
        break;
      commands.swap(commands_);
      messages.swap(inbox_);
    }
    for (const auto& command : commands)
      command();
    for (const auto& message : messages)
      receive(message);
    const double now = steady_seconds();
    look(now);
    if (link_ != nullptr)
      keep_in_touch(now);
    send_due(now);
  }
  disconnect();
}

// Follows the address file.
void BridgeClient::Worker::look(double now) {
  if (now < look_at_)
    return;
  look_at_ = now + timing_.search;
  start_.keep_log_small();
  const auto file = address_file_ == juce::File() ? bridge_file() : address_file_;
  const auto found = read_bridge_address(file);
  if (found && process_lives(found->pid)) {
    start_.found();
    if (link_ == nullptr || !found->same_bridge(address_))
      connect(*found, now);
    return;
  }
  disconnect();
  if (const auto word = start_.not_found(now))
    return show(word->link, word->sentence, word->log);
  if (found) {
    const auto word = start_.died(file);
    return show(word.link, word.sentence, word.log);
  }
  show(Link::absent, "No bridge is running: start it here, or run \"umtn bridge\" in a terminal.");
}

void BridgeClient::Worker::connect(const BridgeAddress& address, double now) {
  disconnect();
  typed_counts_ = address.token.isEmpty();
  token_refused_ = false;
  address_ = address;
  heard_at_ = now;
  link_ = std::make_unique<OscLink>([this](const auto& message) { heard(message); });
  if (!link_->open(address)) {
    disconnect();
    return show(Link::not_answering,
                "The bridge at " + address.host +
                    " cannot be reached: see whether this computer's network is up.");
  }
  show(Link::connecting, "Waiting for the bridge to answer.");
  greet();
}

void BridgeClient::Worker::disconnect() {
  link_.reset();
  connected_ = false;
}

void BridgeClient::Worker::greet() {
  // The bridge's own word counts for more than what was typed for an earlier one, while it is good.
  const auto& token = typed_counts_ ? token_ : address_.token;
  if (token.isNotEmpty())
    link_->send({"/umtn/token", token});
  link_->send({"/umtn/ping"});
  // Each wrong token makes the bridge slower to look at the next.
  ping_at_ = steady_seconds() + (token_refused_ ? 10.0 : 1.0) * timing_.ping;
}

void BridgeClient::Worker::keep_in_touch(double now) {
  if (now >= ping_at_)
    greet();
  if (connected_ && now >= models_at_) {
    models_at_ = now + kMissingModels;
    models_.restart();
    link_->send({"/umtn/models"});
  }
  if (now - heard_at_ > timing_.silence) {
    // With a new socket, in case it is the old one that is deaf.
    const auto address = address_;
    connect(address, now);
    if (link_ != nullptr)
      show(Link::not_answering,
           "The bridge does not answer: if it stays so, end it and start it again.");
  }
}

void BridgeClient::Worker::send_due(double now) {
  requests_.expire(now, trouble());
  if (link_ == nullptr || !connected_ || token_refused_)
    return;
  for (const auto& message : jobs_.due(now))
    link_->send(message);
  for (const auto& message : requests_.due(now))
    link_->send(message);
}

// JUCE's receiving thread.
void BridgeClient::Worker::heard(const juce::OSCMessage& message) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    constexpr std::size_t most = 10000; // of a flood, the rest is as good as lost
    if (inbox_.size() < most)
      inbox_.push_back(message);
  }
  wake_.notify_all();
}

void BridgeClient::Worker::receive(const juce::OSCMessage& message) {
  const double now = steady_seconds();
  const Arguments arguments(message);
  const auto address = message.getAddressPattern().toString();
  if (link_ == nullptr || !address.startsWith("/umtn/"))
    return;
  heard_at_ = now;
  if (address == "/umtn/pong")
    return pong(arguments, now);
  if (address == "/umtn/model")
    return model(arguments, now);
  if (address == "/umtn/token")
    token_refused_ = arguments.integer(0) != 1;
  if (address == "/umtn/error" && arguments.text(1) == "token")
    return refused(arguments.text(2));
  requests_.receive(address, arguments, now);
  if (const auto update = jobs_.receive(address, arguments, now))
    tell(*update);
}

void BridgeClient::Worker::refused(const juce::String& sentence) {
  if (!typed_counts_ && token_.isNotEmpty()) {
    typed_counts_ = true;
    return greet();
  }
  token_refused_ = true;
  show(Link::wrong_token, "The bridge wants its token: enter it here. It says: " + sentence);
}

void BridgeClient::Worker::pong(const Arguments& arguments, double now) {
  if (arguments.integer(1) != kProtocol) {
    connected_ = false;
    return show(Link::wrong_protocol, "The bridge is of another version than the plugin: "
                                      "install the same version of both.");
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    connection_.version = arguments.text(0);
    connection_.session_folder = arguments.file(2);
  }
  if (!connected_) {
    connected_ = true;
    models_at_ = 0.0;
    jobs_.bridge_is_new(now);
  }
  if (!token_refused_)
    show(Link::connected, {});
}

void BridgeClient::Worker::model(const Arguments& arguments, double now) {
  if (!models_.receive(arguments))
    return;
  models_at_ = now + kRefreshModels;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (connection_.models == models_.all())
    return;
  connection_.models = models_.all();
  ++version_;
}

void BridgeClient::Worker::show(Link link, const juce::String& sentence, const juce::File& log) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (connection_.link == link && connection_.sentence == sentence && connection_.log == log)
    return;
  connection_.link = link;
  connection_.sentence = sentence;
  connection_.log = log;
  ++version_;
}

// Why nothing can be asked for, if it is not just that the bridge is still looked for.
juce::String BridgeClient::Worker::trouble() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto link = connection_.link;
  const bool fine = link == Link::searching || link == Link::connecting || link == Link::connected;
  return fine ? juce::String() : connection_.sentence;
}

void BridgeClient::Worker::tell(const JobUpdate& update) {
  if (on_job_)
    on_job_(update);
}

} // namespace umtn::plugin
