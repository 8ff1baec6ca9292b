#include "audio/wav.hpp"
#include "bridge/address.hpp"
#include "bridge/bridge_client.hpp"
#include "bridge/job_table.hpp"
#include "bridge/model_table.hpp"
#include "support/fake_bridge.hpp"
#include "support/support.hpp"
#include "timeline/pace.hpp"

#include <doctest/doctest.h>
#include <mutex>

#if !JUCE_WINDOWS
#include <csignal>
#endif

namespace umtn::plugin::test {
namespace {

constexpr BridgeTiming kHurry = {0.03, 0.05, 0.4, 0.02, 0.1, 0.1};

// A client, and what it was told.
class Listener {
public:
  explicit Listener(const juce::File& address_file)
      : client([this](const JobUpdate& update) { hear(update); }, kHurry, address_file) {
    client.start();
  }

  RenderRequest request(const juce::String& id) {
    return {id,
            juce::File("/in/" + id + ".wav"),
            juce::File("/out/" + id + ".wav"),
            {"default", "flute", 3, 0.5f}};
  }
  JobUpdate last(const juce::String& id) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return last_[id];
  }
  juce::String note(const juce::String& id) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return notes_[id];
  }
  juce::String offer(const juce::String& id) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return offers_[id];
  }
  int ends(const juce::String& id) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return ends_[id];
  }
  bool becomes(Link link) {
    return eventually([&] { return client.connection().link == link; });
  }
  bool becomes(const juce::String& id, TakeState state) {
    return eventually([&] { return last(id).id == id && last(id).state == state; });
  }

private:
  void hear(const JobUpdate& update) {
    const std::lock_guard<std::mutex> lock(mutex_);
    last_[update.id] = update;
    if (update.note.isNotEmpty())
      notes_[update.id] = update.note;
    if (update.offer.isNotEmpty())
      offers_[update.id] = update.offer;
    ends_[update.id] += update.state != TakeState::queued && update.state != TakeState::running;
  }
  std::mutex mutex_;
  std::map<juce::String, JobUpdate> last_;
  std::map<juce::String, juce::String> notes_, offers_;
  std::map<juce::String, int> ends_;

public:
  BridgeClient client;
};

// What was answered to requests, by names.
class Answers {
public:
  OnAnswer remember(const juce::String& name) {
    return [this, name](const Answer& answer) {
      const std::lock_guard<std::mutex> lock(mutex_);
      last_[name] = answer;
      ends_ += answer.state != Answer::State::waiting;
    };
  }
  Answer last(const juce::String& name) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return last_[name];
  }
  bool ends(const juce::String& name) {
    return eventually([&] { return last(name).state != Answer::State::waiting; });
  }
  int count() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return ends_;
  }

private:
  std::mutex mutex_;
  std::map<juce::String, Answer> last_;
  int ends_ = 0;
};

FakeBridge::Behaviour quick() {
  FakeBridge::Behaviour behaviour;
  behaviour.write = false;
  return behaviour;
}

} // namespace

TEST_CASE("the light says what is wrong, and goes on when the bridge comes") {
  TemporaryFolder folder;
  const auto file = folder / "bridge.json";
  Listener listener(file);
  REQUIRE(listener.becomes(Link::absent));
  CHECK(listener.client.connection().sentence.contains("start it"));
  {
    FakeBridge bridge(file, folder / "sessions", quick());
    REQUIRE(listener.becomes(Link::connected));
    CHECK(listener.client.connection().sentence.isEmpty());
    CHECK(listener.client.connection().session_folder == folder / "sessions");
    REQUIRE(eventually([&] { return listener.client.connection().models.size() == 2; }));
    const auto models = listener.client.connection().models;
    CHECK(models[0].targets == juce::StringArray{"flute", "trumpet"});
    CHECK(models[1].name == "other");
  }
  CHECK(listener.becomes(Link::not_answering)); // killed, its file is still there
  file.replaceWithText(R"({"protocol": 1, "pid": 2147483646, "port": 9471})");
  CHECK(listener.becomes(Link::stale));
  file.replaceWithText("{ half a fi");
  CHECK(listener.becomes(Link::absent));
}

TEST_CASE("a bridge of another version is not spoken with") {
  TemporaryFolder folder;
  auto behaviour = quick();
  behaviour.protocol = 2;
  FakeBridge bridge(folder / "bridge.json", folder.file(), behaviour);
  Listener listener(folder / "bridge.json");
  CHECK(listener.becomes(Link::wrong_protocol));
}

TEST_CASE("a render says all that it should") {
  TemporaryFolder folder;
  FakeBridge bridge(folder / "bridge.json", folder.file(), quick());
  Listener listener(folder / "bridge.json");
  const auto id = juce::String(juce::CharPointer_UTF8("t\xc3\xa4ke"));
  listener.client.render(listener.request(id));
  REQUIRE(listener.becomes(id, TakeState::done));
  CHECK(listener.last(id).output == juce::File("/out/" + id + ".wav"));
  const std::lock_guard<std::mutex> lock(bridge.store().mutex);
  const auto& job = bridge.store().jobs.at(id);
  CHECK(job.input == "/in/" + id + ".wav");
  CHECK(job.target == "flute");
  CHECK(job.options[4] == "model");
  CHECK(job.options[5] == "default");
  CHECK(job.options[6] == "seed");
  CHECK(job.options[7] == "3");
  CHECK(job.options[8] == "temperature");
  CHECK(job.options[9].getFloatValue() == 0.5f);
  CHECK(job.options.size() == 10); // what the bridge does unasked is not asked for
}

TEST_CASE("channels, dynamics and a transposition are said where they are not the bridge's own") {
  TemporaryFolder folder;
  FakeBridge bridge(folder / "bridge.json", folder.file(), quick());
  Listener listener(folder / "bridge.json");
  auto request = listener.request("a");
  request.settings.channels = "mid";
  request.settings.dynamics = 0.25f;
  request.settings.transpose = -12;
  listener.client.render(request);
  auto other = listener.request("b");
  other.settings.transpose = kOctave;
  listener.client.render(other);
  REQUIRE(listener.becomes("a", TakeState::done));
  REQUIRE(listener.becomes("b", TakeState::done));
  const std::lock_guard<std::mutex> lock(bridge.store().mutex);
  auto options = bridge.store().jobs.at("a").options;
  options.removeRange(0, 10);
  CHECK(options.joinIntoString(" ") == "channels mid dynamics 0.25 transpose -12");
  options = bridge.store().jobs.at("b").options;
  options.removeRange(0, 10);
  CHECK(options.joinIntoString(" ") == "transpose octave");
}

TEST_CASE("what a bridge notes of a recording comes with its job; an old bridge notes nothing") {
  for (const bool old : {false, true}) {
    TemporaryFolder folder;
    auto behaviour = quick();
    behaviour.note = "All of it lies below.";
    behaviour.offer = "octave";
    behaviour.old = old;
    FakeBridge bridge(folder / "bridge.json", folder.file(), behaviour);
    Listener listener(folder / "bridge.json");
    listener.client.render(listener.request("a"));
    REQUIRE(listener.becomes("a", TakeState::done));
    CHECK(listener.note("a") == (old ? "" : "All of it lies below."));
    CHECK(listener.offer("a") == (old ? "" : "octave"));
  }
}

TEST_CASE("half of all packets lost: every render is done, and done once") {
  TemporaryFolder folder;
  auto behaviour = quick();
  behaviour.lose = 0.5;
  FakeBridge bridge(folder / "bridge.json", folder.file(), behaviour);
  Listener listener(folder / "bridge.json");
  for (int n = 0; n < 20; ++n)
    listener.client.render(listener.request(juce::String(n)));
  for (int n = 0; n < 20; ++n) {
    REQUIRE(listener.becomes(juce::String(n), TakeState::done));
    CHECK(listener.ends(juce::String(n)) == 1);
  }
  const std::lock_guard<std::mutex> lock(bridge.store().mutex);
  CHECK(bridge.store().renders == 20);
}

TEST_CASE("late answers, to requests that were long sent again, do no harm") {
  TemporaryFolder folder;
  auto behaviour = quick();
  behaviour.late = 0.06; // three times the patience
  FakeBridge bridge(folder / "bridge.json", folder.file(), behaviour);
  Listener listener(folder / "bridge.json");
  for (const auto* id : {"a", "b"})
    listener.client.render(listener.request(id));
  REQUIRE(listener.becomes("a", TakeState::done));
  REQUIRE(listener.becomes("b", TakeState::done));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  CHECK(listener.ends("a") == 1);
  CHECK(listener.ends("b") == 1);
}

TEST_CASE("a render asked for without a bridge is done when there is one") {
  TemporaryFolder folder;
  Listener listener(folder / "bridge.json");
  listener.client.render(listener.request("a"));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  FakeBridge bridge(folder / "bridge.json", folder.file(), quick());
  CHECK(listener.becomes("a", TakeState::done));
}

TEST_CASE("a bridge killed while it renders and started anew, with its jobs or without") {
  for (const bool remembers : {true, false}) {
    TemporaryFolder folder;
    auto behaviour = quick();
    behaviour.render = 3600.0;
    auto store = std::make_shared<FakeBridge::Store>();
    Listener listener(folder / "bridge.json");
    {
      FakeBridge bridge(folder / "bridge.json", folder.file(), behaviour, store);
      listener.client.render(listener.request("a"));
      REQUIRE(listener.becomes("a", TakeState::running));
    }
    if (remembers)
      for (auto& [id, job] : store->jobs)
        job.finished = 0.0;
    else
      store = std::make_shared<FakeBridge::Store>();
    FakeBridge bridge(folder / "bridge.json", folder.file(), quick(), store);
    CHECK(listener.becomes("a", TakeState::done));
    CHECK(store->renders == 1);
    CHECK(listener.ends("a") == 1);
  }
}

TEST_CASE("a bridge that falls silent and comes back loses nothing") {
  TemporaryFolder folder;
  FakeBridge bridge(folder / "bridge.json", folder.file(), quick());
  Listener listener(folder / "bridge.json");
  REQUIRE(listener.becomes(Link::connected));
  bridge.behave([](auto& behaviour) { behaviour.silent = true; });
  listener.client.render(listener.request("a"));
  REQUIRE(listener.becomes(Link::not_answering));
  bridge.behave([](auto& behaviour) { behaviour.silent = false; });
  CHECK(listener.becomes("a", TakeState::done));
  CHECK(listener.becomes(Link::connected));
}

TEST_CASE("cancelling: under way, already done, never sent, and with losses") {
  TemporaryFolder folder;
  auto behaviour = quick();
  behaviour.render = 3600.0;
  behaviour.lose = 0.3;
  Listener listener(folder / "bridge.json");
  listener.client.render(listener.request("early"));
  listener.client.cancel("early");
  CHECK(listener.becomes("early", TakeState::cancelled));
  FakeBridge bridge(folder / "bridge.json", folder.file(), behaviour);
  listener.client.render(listener.request("a"));
  REQUIRE(listener.becomes("a", TakeState::running));
  listener.client.cancel("a");
  CHECK(listener.becomes("a", TakeState::cancelled));
  bridge.behave([](auto& other) { other.render = 0.0; });
  listener.client.render(listener.request("b"));
  REQUIRE(listener.becomes("b", TakeState::done));
  listener.client.cancel("b");
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  CHECK(listener.last("b").state == TakeState::done);
  const std::lock_guard<std::mutex> lock(bridge.store().mutex);
  CHECK(bridge.store().jobs.count("early") == 0);
}

TEST_CASE("an error ends a render with its sentence; a busy bridge is asked again") {
  TemporaryFolder folder;
  auto behaviour = quick();
  behaviour.refuse = "model";
  FakeBridge bridge(folder / "bridge.json", folder.file(), behaviour);
  Listener listener(folder / "bridge.json");
  listener.client.render(listener.request("a"));
  REQUIRE(listener.becomes("a", TakeState::failed));
  CHECK(listener.last("a").message == "Not now.");
  CHECK(listener.last("a").code == "model");

  bridge.behave([](auto& other) { other.refuse = "busy"; });
  listener.client.render(listener.request("b"));
  CHECK(eventually([&] { return listener.last("b").message == "Not now."; }));
  CHECK(listener.last("b").state == TakeState::queued);
  bridge.behave([](auto& other) { other.refuse = {}; });
  CHECK(listener.becomes("b", TakeState::done));
}

TEST_CASE("a token is asked for, and let in when it is right") {
  TemporaryFolder folder;
  auto behaviour = quick();
  behaviour.token = "correct horse";
  FakeBridge bridge(folder / "bridge.json", folder.file(), behaviour);
  Listener listener(folder / "bridge.json");
  listener.client.render(listener.request("a"));
  REQUIRE(listener.becomes(Link::wrong_token));
  CHECK(listener.client.connection().sentence.contains("token"));
  listener.client.set_token("wrong");
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  CHECK(listener.client.connection().link == Link::wrong_token);
  listener.client.set_token("correct horse");
  CHECK(listener.becomes(Link::connected));
  CHECK(listener.becomes("a", TakeState::done));
}

TEST_CASE("a token in the address file is shown by itself, rather than one that was typed") {
  TemporaryFolder folder;
  auto behaviour = quick();
  behaviour.token = "correct horse";
  behaviour.writes = true;
  auto bridge = std::make_unique<FakeBridge>(folder / "bridge.json", folder.file(), behaviour);
  Listener listener(folder / "bridge.json");
  listener.client.set_token("wrong");
  listener.client.render(listener.request("a"));
  CHECK(listener.becomes("a", TakeState::done));
  CHECK(listener.client.connection().link == Link::connected);

  behaviour.token = "battery staple"; // another one at every start
  bridge = nullptr;
  bridge = std::make_unique<FakeBridge>(folder / "bridge.json", folder.file(), behaviour);
  listener.client.render(listener.request("b"));
  CHECK(listener.becomes("b", TakeState::done));
}

TEST_CASE("a typed token counts where the address file's is refused") {
  TemporaryFolder folder;
  auto behaviour = quick();
  behaviour.token = "of the file";
  behaviour.writes = true;
  FakeBridge bridge(folder / "bridge.json", folder.file(), behaviour);
  // A bridge behind another's file, as where a port is passed on from another machine.
  bridge.behave([](auto& other) { other.token = "of the bridge"; });
  for (const bool typed_before : {false, true}) {
    Listener listener(folder / "bridge.json");
    if (typed_before)
      listener.client.set_token("of the bridge");
    else
      REQUIRE(listener.becomes(Link::wrong_token));
    listener.client.set_token("of the bridge");
    CHECK(listener.becomes(Link::connected));
    listener.client.render(listener.request(typed_before ? "a" : "b"));
    CHECK(listener.becomes(typed_before ? "a" : "b", TakeState::done));
  }
}

TEST_CASE("previews and conversions come though half of all packets are lost") {
  TemporaryFolder folder;
  auto behaviour = quick();
  behaviour.lose = 0.5;
  behaviour.render = 0.2;
  FakeBridge bridge(folder / "bridge.json", folder.file(), behaviour);
  Random random(1);
  const auto source = folder / "source.wav";
  {
    const auto audio = noise(random, 2, 1000);
    WavWriter::create(source, 44100.0, 2, 0)->write(audio.getArrayOfReadPointers(), 1000);
  }
  Answers answers;
  Listener listener(folder / "bridge.json");
  for (const auto* target : {"flute", "trumpet"})
    listener.client.preview("default", target, answers.remember(target));
  listener.client.convert(source, folder / "made.wav", answers.remember("made"));
  listener.client.convert(folder / "none.mp3", folder / "not.wav", answers.remember("not"));
  REQUIRE(answers.ends("flute"));
  REQUIRE(answers.ends("trumpet"));
  CHECK(answers.last("flute").file == juce::File("/previews/default flute.wav"));
  CHECK(answers.last("trumpet").file == juce::File("/previews/default trumpet.wav"));
  REQUIRE(answers.ends("made"));
  CHECK(answers.last("made").state == Answer::State::done);
  CHECK(answers.last("made").file == folder / "made.wav");
  CHECK(answers.last("made").rate == 44100.0);
  CHECK(answers.last("made").channels == 2);
  CHECK(answers.last("made").frames == 1000);
  REQUIRE(answers.ends("not"));
  CHECK(answers.last("not").state == Answer::State::failed);
  CHECK(answers.last("not").message == "It is no audio.");
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  CHECK(answers.count() == 4);
}

TEST_CASE("an older bridge, none at all, or one that falls silent fails them with a sentence") {
  TemporaryFolder folder;
  Answers answers;
  Listener listener(folder / "bridge.json");
  listener.client.preview("default", "flute", answers.remember("none"));
  REQUIRE(answers.ends("none"));
  CHECK(answers.last("none").message.contains("No bridge is running"));
  auto behaviour = quick();
  behaviour.old = true;
  FakeBridge bridge(folder / "bridge.json", folder.file(), behaviour);
  REQUIRE(listener.becomes(Link::connected));
  listener.client.preview("default", "flute", answers.remember("old"));
  listener.client.convert(folder / "a", folder / "b", answers.remember("old too"));
  REQUIRE(answers.ends("old"));
  REQUIRE(answers.ends("old too"));
  CHECK(answers.last("old").message.contains("older"));
  CHECK(answers.last("old too").message.contains("older"));
  bridge.behave([](auto& other) { other.silent = true; });
  listener.client.preview("default", "flute", answers.remember("silent"));
  REQUIRE(answers.ends("silent"));
  CHECK(answers.last("silent").message.contains("does not answer"));
}

#if !JUCE_WINDOWS
TEST_CASE("the light follows a bridge that is started from here, and says why it dies") {
  TemporaryFolder folder;
  const auto file = folder / "bridge.json";
  Listener listener(file);
  const auto says = [&](Link link, const juce::String& words) {
    return eventually([&] {
      const auto connection = listener.client.connection();
      return connection.link == link && connection.sentence.contains(words);
    });
  };
  REQUIRE(listener.becomes(Link::absent));
  CHECK(listener.client.connection().log == juce::File());
  listener.client.start_bridge({"/bin/sh", "-c", "sleep 0.3; echo 'umtn: No room.' >&2; exit 1"});
  CHECK(says(Link::connecting, "is starting"));
  CHECK(says(Link::absent, "could not start: No room."));
  const auto log = listener.client.connection().log;
  CHECK(log.existsAsFile());
  CHECK(listener.client.connection().sentence.contains(log.getFullPathName()));

  // One that comes, and is killed: what is left of it is no longer put down to the one before.
  listener.client.start_bridge({"/bin/sh", "-c",
                                "echo '{\"port\": 9, \"pid\": '$$'}' > \"$0\"; exec sleep 60",
                                file.getFullPathName()});
  REQUIRE(eventually([&] { return read_bridge_address(file).has_value(); }));
  CHECK(says(Link::connecting, "Waiting"));
  REQUIRE(kill(read_bridge_address(file)->pid, SIGKILL) == 0);
  CHECK(says(Link::stale, "ended unexpectedly"));
  CHECK(listener.client.connection().sentence.contains(log.getFullPathName()));
  listener.client.start_bridge({"program-that-nobody-has"});
  CHECK(says(Link::absent, "program-that-nobody-has"));
  FakeBridge bridge(file, folder.file(), quick());
  CHECK(listener.becomes(Link::connected));
  CHECK(listener.client.connection().log == juce::File());
}
#endif

TEST_CASE("the bridge is told when the plugin leaves") {
  TemporaryFolder folder;
  FakeBridge bridge(folder / "bridge.json", folder.file(), quick());
  {
    Listener listener(folder / "bridge.json");
    REQUIRE(listener.becomes(Link::connected));
    CHECK(bridge.received("/umtn/leave") == 0);
  }
  CHECK(eventually([&] { return bridge.received("/umtn/leave") == 1; }));
}

TEST_CASE("packets that are no OSC, or say nonsense, are survived") {
  TemporaryFolder folder;
  FakeBridge bridge(folder / "bridge.json", folder.file(), quick());
  Listener listener(folder / "bridge.json");
  REQUIRE(listener.becomes(Link::connected));
  listener.client.render(listener.request("a"));
  REQUIRE(listener.becomes("a", TakeState::done));

  BridgeTiming timing;
  JobTable table(timing);
  table.add(listener.request("x"), 0.0);
  Random random(3);
  const juce::StringArray addresses = {"/umtn/accepted", "/umtn/progress", "/umtn/job",
                                       "/umtn/error",    "/umtn/other",    "/umtn/model"};
  ModelTable models;
  for (int round = 0; round < 5000; ++round) {
    juce::OSCMessage message(addresses[random.integer(0, addresses.size() - 1)]);
    for (int n = random.integer(0, 8); n > 0; --n)
      switch (random.integer(0, 3)) {
      case 0:
        message.addInt32(random.integer(-2000000000, 2000000000));
        break;
      case 1:
        message.addFloat32(random.sample() * 1e30f);
        break;
      case 2:
        message.addString(random.chance(0.5) ? "x" : "running");
        break;
      default:
        message.addBlob(juce::MemoryBlock(static_cast<size_t>(random.integer(0, 9))));
      }
    const Arguments arguments(message);
    table.receive(message.getAddressPattern().toString(), arguments, round);
    models.receive(arguments);
    table.due(round);
    table.add(listener.request("x"), round);
  }
}

} // namespace umtn::plugin::test
