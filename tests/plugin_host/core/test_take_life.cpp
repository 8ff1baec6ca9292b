#include "core/take_life.hpp"
#include "support/recorded.hpp"

#include <doctest/doctest.h>

namespace umtn::plugin::test {
namespace {

const RenderSettings kFlute = {"default", "flute"};
constexpr Place kPlace = {{100, 4900}, 48000.0};

struct Life {
  Life() {
    board.change([&](Board::Content& content) { content.session_folder = folder / "session"; });
    capture.set_folder(folder / "session");
    capture.prepare(48000.0, 480, 1);
  }

  Take newest() { return board.takes().all().back(); }
  void begin() {
    record(capture, kPlace.range);
    life.begin(kPlace, {kFlute}, [] {});
  }
  void hear(const JobUpdate& update) {
    life.receive(update);
    life.hear_news();
  }

  TemporaryFolder folder;
  Board board;
  Capture capture;
  std::vector<RenderRequest> requests;
  juce::StringArray cancelled, forgotten;
  TakeLife life{board,
                capture,
                {[this](const RenderRequest& request) { requests.push_back(request); },
                 [this](const juce::String& id) { cancelled.add(id); },
                 [this](const juce::String& id) { forgotten.add(id); }}};
};

} // namespace

TEST_CASE("a take begins: on the board first, then its recording, then the bridge") {
  Life at;
  record(at.capture, kPlace.range);
  bool added = false;
  at.life.begin(kPlace, {kFlute}, [&] {
    added = true;
    REQUIRE(at.board.takes().all().size() == 1);
    CHECK_FALSE(at.newest().source.exists());
    CHECK(at.newest().message.isNotEmpty());
  });
  CHECK(added);
  REQUIRE(at.requests.size() == 1);
  const Take take = at.newest();
  CHECK(at.requests[0].id == take.id);
  CHECK(at.requests[0].input == take.source);
  CHECK(at.requests[0].output == take.result);
  CHECK(wav_info(take.source)->length == kPlace.range.length());
  CHECK(take.message.isEmpty());
  CHECK(at.board.look([](const Board::Content& content) { return content.folder_settled; }));
}

TEST_CASE("what cannot begin is said, and nothing is asked") {
  Life at;
  const auto said = [&] {
    return at.board.look([](const Board::Content& content) { return content.message; });
  };
  at.life.begin(kPlace, {kFlute}, [] {});
  CHECK(said().contains("Nothing was recorded"));
  at.life.again("nobody", kFlute);
  CHECK(at.board.takes().all().empty());
  CHECK(at.requests.empty());
}

TEST_CASE("news change a take until it is over") {
  Life at;
  at.begin();
  JobUpdate update;
  update.id = at.newest().id;
  update.state = TakeState::running;
  update.fraction = 0.5f;
  update.offer = "octave";
  at.hear(update);
  CHECK(at.newest().state == TakeState::running);
  CHECK(at.newest().fraction == 0.5f);
  update.state = TakeState::done;
  update.offer = {}; // nothing new
  update.output = at.folder / "elsewhere.wav";
  at.hear(update);
  CHECK(at.newest().state == TakeState::done);
  CHECK(at.newest().result == update.output);
  CHECK(at.newest().offer == "octave");
  update.state = TakeState::failed;
  at.hear(update);
  CHECK(at.newest().state == TakeState::done);
}

TEST_CASE("a result that is there already is the take's own") {
  Life at;
  at.begin();
  JobUpdate update;
  update.id = at.newest().id;
  update.state = TakeState::failed;
  update.code = "exists";
  REQUIRE(at.newest().source.copyFileTo(at.newest().result));
  at.hear(update);
  CHECK(at.newest().state == TakeState::done);
}

TEST_CASE("cancelled takes hear nothing more, and removed ones are off the list") {
  Life at;
  at.begin();
  const auto first = at.newest().id;
  at.life.cancel(first);
  CHECK(at.newest().state == TakeState::cancelled);
  JobUpdate update;
  update.id = first;
  update.state = TakeState::done;
  at.hear(update);
  CHECK(at.newest().state == TakeState::cancelled);
  at.life.again(first, kFlute);
  REQUIRE(at.requests.size() == 2);
  CHECK(at.requests[1].input == at.requests[0].input);
  CHECK(at.requests[1].id != first);
  at.life.remove(at.requests[1].id);
  CHECK(at.cancelled == juce::StringArray{first, at.requests[1].id});
  CHECK(at.board.takes().all().size() == 1);
  CHECK(at.newest().source.existsAsFile());
}

TEST_CASE("cancelled while its recording is written, a take is not sent") {
  Life at;
  record(at.capture, kPlace.range);
  at.life.begin(kPlace, {kFlute}, [&] { at.life.cancel(at.newest().id); });
  CHECK(at.requests.empty());
  CHECK(at.newest().state == TakeState::cancelled);
}

TEST_CASE("another project's takes: those before are forgotten, those under way taken up") {
  Life at;
  at.begin();
  const auto before = at.board.takes();
  Take found, lost;
  found.id = "found";
  found.source = before.all()[0].source;
  lost.id = "lost";
  lost.source = at.folder / "never written.wav";
  at.board.change([&](Board::Content& content) {
    content.takes = {};
    content.takes.add(found);
    content.takes.add(lost);
  });
  at.life.forget(before);
  CHECK(at.forgotten == juce::StringArray(before.all()[0].id));
  at.life.take_up();
  REQUIRE(at.requests.size() == 2);
  CHECK(at.requests[1].id == "found");
  CHECK(at.newest().state == TakeState::failed);
  CHECK(at.newest().message.contains("render the region again"));
}

TEST_CASE("several instruments in one go: all on the list at once, of one recording") {
  Life at;
  record(at.capture, kPlace.range);
  at.life.begin(kPlace, {kFlute, {"default", "horn"}, {"default", "violin"}}, [&] {
    CHECK(at.board.takes().all().size() == 3);
    at.life.cancel(at.board.takes().all()[1].id); // the others' recording is written on
  });
  REQUIRE(at.requests.size() == 2);
  CHECK(at.requests[0].settings.target == "flute");
  CHECK(at.requests[1].settings.target == "violin");
  CHECK(at.requests[0].input == at.requests[1].input);
  CHECK(at.requests[0].output != at.requests[1].output);
  CHECK(wav_info(at.requests[0].input)->length == kPlace.range.length());
}

TEST_CASE("a recording that all of its takes were cancelled of is not written") {
  Life at;
  record(at.capture, kPlace.range);
  at.life.begin(kPlace, {kFlute, {"default", "horn"}}, [&] {
    const auto takes = at.board.takes();
    for (const Take& take : takes.all())
      at.life.cancel(take.id);
  });
  CHECK(at.requests.empty());
  CHECK_FALSE(at.newest().source.exists());
}

TEST_CASE("an identical take is not made again, but comes to the top, and is heard") {
  Life at;
  at.begin();
  const auto first = at.newest().id;
  const auto said = [&] {
    return at.board.look([](const Board::Content& content) { return content.message; });
  };
  at.life.begin(kPlace, {{"default", "horn"}}, [] {});
  CHECK(said().isEmpty());
  at.board.change([&](Board::Content& content) { content.takes.mute(first, true); });
  at.life.begin(kPlace, {kFlute, {"default", "violin"}}, [] {});
  CHECK(at.board.takes().all().size() == 3);
  CHECK(at.requests.size() == 3);
  CHECK(at.board.takes().all()[1].id == first); // the new one is above it
  CHECK_FALSE(at.board.takes().find(first)->muted);
  CHECK(said().contains("flute"));
  CHECK(said().contains("Variation"));

  // Another Variation, and the same again of another recording, are takes of their own.
  at.life.begin(kPlace, {{"default", "flute", 1}}, [] {});
  CHECK(at.requests.size() == 4);
  CHECK(said().isEmpty());
  record(at.capture, {1000, 1480});
  at.life.begin(kPlace, {kFlute}, [] {});
  CHECK(at.requests.size() == 5);
  // What failed may be tried again.
  JobUpdate failed;
  failed.id = at.newest().id;
  failed.state = TakeState::failed;
  at.hear(failed);
  at.life.begin(kPlace, {kFlute}, [] {});
  CHECK(at.requests.size() == 6);
}

TEST_CASE("rendered again, a take gets the next seed that its recording does not have") {
  Life at;
  at.begin();
  const auto first = at.newest();
  at.life.again(first.id, kFlute);
  CHECK(at.newest().settings.seed == 1);
  at.life.again(first.id, kFlute);
  CHECK(at.newest().settings.seed == 2);
  at.life.again(first.id, {"default", "horn"});
  CHECK(at.newest().settings.seed == 0);
  first.source.deleteFile();
  at.life.again(first.id, {"default", "violin"});
  CHECK(at.requests.size() == 4);
  CHECK(at.board.look([](const Board::Content& content) { return content.message; })
            .contains("still being written"));
}

} // namespace umtn::plugin::test
