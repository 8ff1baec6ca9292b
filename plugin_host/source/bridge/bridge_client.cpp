#include "bridge_client.hpp"

#include "../timeline/pace.hpp"
#include "job_table.hpp"

#include <condition_variable>
#include <deque>
#include <juce_osc/juce_osc.h>
#include <mutex>
#include <thread>

namespace umtn::plugin {
namespace {

constexpr int kProtocol = 1;
constexpr double kRefreshModels = 30.0; // seconds: models may be installed while the bridge runs
constexpr double kMissingModels = 1.0;  // when the list came with gaps

bool is_loopback(const juce::String& host) {
  return host.startsWith("127.");
}

} // namespace

class BridgeClient::Worker
    : private juce::OSCReceiver::Listener<juce::OSCReceiver::RealtimeCallback> {
public:
  Worker(OnJob on_job, Timing timing, juce::File address_file)
      : on_job_(std::move(on_job)), timing_(timing), address_file_(std::move(address_file)),
        jobs_(timing) {}

  ~Worker() override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ending_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable())
      thread_.join();
  }

  void start() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!thread_.joinable())
      thread_ = std::thread(&Worker::run, this);
  }

  // What others ask for is done by the thread.
  void ask(std::function<void()> command) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      commands_.push_back(std::move(command));
    }
    wake_.notify_all();
  }

  void set_token(const juce::String& token) {
    ask([this, token] {
      token_ = token;
      token_refused_ = false;
      if (sender_ != nullptr)
        greet();
    });
  }
  void render(const RenderRequest& request) {
    ask([this, request] { jobs_.add(request, steady_seconds()); });
  }
  void cancel(const juce::String& id) {
    ask([this, id] {
      if (const auto update = jobs_.cancel(id, steady_seconds()))
        tell(*update);
    });
  }
  void forget(const juce::String& id) {
    ask([this, id] { jobs_.forget(id); });
  }

  Connection connection() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return connection_;
  }
  juce::uint64 version() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return version_;
  }

private:
  void run() {
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
      if (sender_ == nullptr)
        continue;
      keep_in_touch(now);
      if (connected_ && !token_refused_)
        for (const auto& message : jobs_.due(now))
          sender_->send(message);
    }
    disconnect();
  }

  // Follows the address file.
  void look(double now) {
    if (now < look_at_)
      return;
    look_at_ = now + timing_.search;
    const auto file = address_file_ == juce::File() ? bridge_file() : address_file_;
    const auto found = read_bridge_address(file);
    if (!found) {
      disconnect();
      return show(Link::absent, "There is no bridge: start it here, or run \"umtn bridge\".");
    }
    if (!process_lives(found->pid)) {
      disconnect();
      return show(Link::stale, "The bridge has ended unexpectedly: start it again.");
    }
    if (sender_ == nullptr || !found->same_bridge(address_))
      connect(*found, now);
  }

  void connect(const BridgeAddress& address, double now) {
    disconnect();
    address_ = address;
    socket_ = std::make_unique<juce::DatagramSocket>();
    receiver_ = std::make_unique<juce::OSCReceiver>("umtn OSC");
    receiver_->addListener(this); // before its thread starts, which looks at its listeners
    sender_ = std::make_unique<juce::OSCSender>();
    if (!socket_->bindToPort(0, is_loopback(address.host) ? "127.0.0.1" : "") ||
        !receiver_->connectToSocket(*socket_) ||
        !sender_->connectToSocket(*socket_, address.host, address.port)) {
      disconnect();
      return show(Link::not_answering, "The bridge at " + address.host +
                                           " cannot be reached from this machine's network.");
    }
    token_refused_ = false;
    heard_at_ = now;
    show(Link::connecting, "Waiting for the bridge to answer.");
    greet();
  }

  void disconnect() {
    if (sender_ != nullptr)
      sender_->send("/umtn/leave"); // the port may be another user's in a moment
    if (receiver_ != nullptr)
      receiver_->disconnect(); // its thread ends before anything that it uses
    receiver_.reset();
    sender_.reset();
    socket_.reset();
    connected_ = false;
  }

  void greet() {
    // The bridge's own word counts for more than what was typed for an earlier one.
    const auto& token = address_.token.isNotEmpty() ? address_.token : token_;
    if (token.isNotEmpty())
      sender_->send("/umtn/token", token);
    sender_->send("/umtn/ping");
    // Each wrong token makes the bridge slower to look at the next.
    ping_at_ = steady_seconds() + (token_refused_ ? 10.0 : 1.0) * timing_.ping;
  }

  void keep_in_touch(double now) {
    if (now >= ping_at_)
      greet();
    if (connected_ && now >= models_at_) {
      models_at_ = now + kMissingModels;
      models_.restart();
      sender_->send("/umtn/models");
    }
    if (now - heard_at_ > timing_.silence) {
      // With a new socket, in case it is the old one that is deaf.
      const auto address = address_;
      connect(address, now);
      if (sender_ != nullptr)
        show(Link::not_answering,
             "The bridge does not answer: if it stays so, end it and start it again.");
    }
  }

  // JUCE's receiving thread.
  void oscMessageReceived(const juce::OSCMessage& message) override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      constexpr std::size_t most = 10000; // of a flood, the rest is as good as lost
      if (inbox_.size() < most)
        inbox_.push_back(message);
    }
    wake_.notify_all();
  }
  void oscBundleReceived(const juce::OSCBundle& bundle) override {
    for (const auto& element : bundle)
      if (element.isMessage())
        oscMessageReceived(element.getMessage());
      else
        oscBundleReceived(element.getBundle());
  }

  void receive(const juce::OSCMessage& message) {
    const double now = steady_seconds();
    const Arguments arguments(message);
    const auto address = message.getAddressPattern().toString();
    if (sender_ == nullptr || !address.startsWith("/umtn/"))
      return;
    heard_at_ = now;
    if (address == "/umtn/pong")
      return pong(arguments, now);
    if (address == "/umtn/model")
      return model(arguments, now);
    if (address == "/umtn/token")
      token_refused_ = arguments.integer(0) != 1;
    if (address == "/umtn/error" && arguments.text(1) == "token") {
      token_refused_ = true;
      return show(Link::wrong_token,
                  "The bridge wants its token: enter it here. It says: " + arguments.text(2));
    }
    if (const auto update = jobs_.receive(address, arguments, now))
      tell(*update);
  }

  void pong(const Arguments& arguments, double now) {
    const int protocol = arguments.integer(1);
    if (protocol != kProtocol) {
      connected_ = false;
      return show(Link::wrong_protocol, "The bridge is of another version than the plugin: "
                                        "install the same version of both.");
    }
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      connection_.version = arguments.text(0);
      connection_.session_folder = juce::File::isAbsolutePath(arguments.text(2))
                                       ? juce::File(arguments.text(2))
                                       : juce::File();
    }
    if (!connected_) {
      connected_ = true;
      models_at_ = 0.0;
      jobs_.bridge_is_new(now);
    }
    if (!token_refused_)
      show(Link::connected, {});
  }

  void model(const Arguments& arguments, double now) {
    if (!models_.receive(arguments))
      return;
    models_at_ = now + kRefreshModels;
    const std::lock_guard<std::mutex> lock(mutex_);
    if (connection_.models == models_.all())
      return;
    connection_.models = models_.all();
    ++version_;
  }

  void show(Link link, const juce::String& sentence) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (connection_.link == link && connection_.sentence == sentence)
      return;
    connection_.link = link;
    connection_.sentence = sentence;
    ++version_;
  }

  void tell(const JobUpdate& update) {
    if (on_job_)
      on_job_(update);
  }

  const OnJob on_job_;
  const Timing timing_;
  const juce::File address_file_;

  // The thread's.
  BridgeAddress address_;
  std::unique_ptr<juce::DatagramSocket> socket_;
  std::unique_ptr<juce::OSCReceiver> receiver_;
  std::unique_ptr<juce::OSCSender> sender_;
  JobTable jobs_;
  ModelTable models_;
  juce::String token_;
  bool token_refused_ = false, connected_ = false;
  double look_at_ = 0.0, ping_at_ = 0.0, models_at_ = 0.0, heard_at_ = 0.0;

  mutable std::mutex mutex_; // guards what follows
  std::condition_variable wake_;
  std::deque<std::function<void()>> commands_;
  std::deque<juce::OSCMessage> inbox_;
  Connection connection_;
  juce::uint64 version_ = 0;
  bool ending_ = false;
  std::thread thread_;
};

BridgeClient::BridgeClient(OnJob on_job, Timing timing, juce::File address_file)
    : worker_(std::make_unique<Worker>(std::move(on_job), timing, std::move(address_file))) {}
BridgeClient::~BridgeClient() = default;

void BridgeClient::start() {
  worker_->start();
}
void BridgeClient::set_token(const juce::String& token) {
  worker_->set_token(token);
}
void BridgeClient::render(const RenderRequest& request) {
  worker_->render(request);
}
void BridgeClient::cancel(const juce::String& id) {
  worker_->cancel(id);
}
void BridgeClient::forget(const juce::String& id) {
  worker_->forget(id);
}
Connection BridgeClient::connection() const {
  return worker_->connection();
}
juce::uint64 BridgeClient::version() const {
  return worker_->version();
}

} // namespace umtn::plugin
