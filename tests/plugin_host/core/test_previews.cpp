#include "core/previews.hpp"
#include "support/support.hpp"

#include <doctest/doctest.h>

namespace umtn::plugin::test {
namespace {

// A bridge that answers when the test says so, and a host that stands still or rolls.
struct Desk {
  struct Request {
    juce::String model, target;
    OnAnswer answer;
  };
  Desk() {
    player.prepare(48000.0, 2);
    listen.prepare(48000.0, 2);
  }
  void ready(std::size_t request, const juce::File& file) {
    Answer answer;
    answer.state = Answer::State::done;
    answer.file = file;
    requests[request].answer(answer);
  }
  float block() {
    Audio audio(2, 512);
    audio.clear();
    Transport transport;
    transport.rate = 48000.0;
    transport.has_position = true;
    listen.process(audio, transport, {});
    std::this_thread::sleep_for(std::chrono::milliseconds(6)); // no faster than live, by much
    return audio.getMagnitude(0, 512);
  }
  Preview::State state() const { return previews.current().state; }

  std::vector<Request> requests;
  bool rolls = false;
  Player player;
  Listen listen{player, [] { return Material(); }};
  Previews previews{listen,
                    [this](const auto& model, const auto& target, OnAnswer answer) {
                      requests.push_back({model, target, std::move(answer)});
                    },
                    [this] { return rolls; }};
};

juce::File phrase(const juce::File& file, float value) {
  Audio sound(1, 4800);
  juce::FloatVectorOperations::fill(sound.getWritePointer(0), value, 4800);
  auto writer = WavWriter::create(file, 16000.0, 1, 0);
  REQUIRE(writer != nullptr);
  REQUIRE(writer->write(sound.getArrayOfReadPointers(), 4800));
  return file;
}

} // namespace

TEST_CASE("a preview is asked for, waited for, played, and over") {
  TemporaryFolder folder;
  Desk desk;
  CHECK(desk.state() == Preview::State::none);
  desk.previews.request("default", "flute");
  REQUIRE(desk.requests.size() == 1);
  CHECK(desk.requests[0].model == "default");
  CHECK(desk.requests[0].target == "flute");
  CHECK(desk.state() == Preview::State::making);
  desk.requests[0].answer({});
  CHECK(desk.state() == Preview::State::making);
  desk.ready(0, phrase(folder / "flute.wav", 0.5f));
  CHECK(desk.state() == Preview::State::playing);
  float loudest = 0.0f;
  CHECK(eventually([&] {
    loudest = std::max(loudest, desk.block());
    return desk.state() == Preview::State::none;
  }));
  CHECK(loudest > 0.45f);
}

TEST_CASE("only the newest is played, however late an older one comes") {
  TemporaryFolder folder;
  Desk desk;
  desk.previews.request("default", "flute");
  desk.previews.request("default", "cello");
  desk.ready(0, phrase(folder / "flute.wav", 0.5f));
  CHECK(desk.state() == Preview::State::making);
  CHECK_FALSE(desk.listen.playing_file());
  desk.ready(1, phrase(folder / "cello.wav", 0.2f));
  CHECK(desk.previews.current().target == "cello");
  CHECK(desk.state() == Preview::State::playing);
}

TEST_CASE("what goes wrong with a preview is a sentence") {
  TemporaryFolder folder;
  Desk desk;
  Answer failed;
  failed.state = Answer::State::failed;
  failed.message = "There is no such instrument.";
  desk.previews.request("default", "kazoo");
  desk.requests[0].answer(failed);
  CHECK(desk.state() == Preview::State::failed);
  CHECK(desk.previews.current().message == "There is no such instrument.");

  desk.rolls = true;
  desk.previews.request("default", "flute");
  desk.ready(1, phrase(folder / "flute.wav", 0.5f));
  CHECK(desk.previews.current().message.startsWith("Stop the host"));
  CHECK_FALSE(desk.listen.playing_file());

  desk.rolls = false;
  desk.previews.request("default", "flute");
  desk.ready(2, folder / "gone.wav");
  CHECK(eventually([&] {
    desk.block();
    return desk.state() == Preview::State::failed;
  }));
  CHECK(desk.previews.current().message.contains("gone.wav cannot be played"));
}

} // namespace umtn::plugin::test
