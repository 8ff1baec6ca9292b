#include "core/programme_maker.hpp"
#include "support/support.hpp"

#include <doctest/doctest.h>

namespace umtn::plugin::test {
namespace {

struct Making {
  Making() {
    board.change([](Board::Content& content) { content.rate = 48000.0; });
    player.prepare(48000.0, 1);
    transport.rate = 48000.0;
    transport.playing = transport.has_position = true;
    transport.position = 1000;
  }

  // A take of constant sound at 0 to 4800.
  Take add(const juce::String& id, float value, TakeState state = TakeState::done) {
    Take take;
    take.id = id;
    take.place = {{0, 4800}, 48000.0};
    take.state = state;
    take.result = folder / (id + ".wav");
    const auto writer = WavWriter::create(take.result, 48000.0, 1, 0);
    Audio audio(1, 4800);
    juce::FloatVectorOperations::fill(audio.getWritePointer(0), value, 4800);
    writer->write(audio.getArrayOfReadPointers(), 4800);
    board.change([&](Board::Content& content) { content.takes.add(take); });
    return take;
  }
  void work(bool awaited = true) {
    maker.give(player.expected(), awaited);
    while (maker.load_some())
      maker.give(player.expected(), awaited);
  }
  // What comes out for an input of 0.5.
  float heard() {
    Audio block(1, 64);
    juce::FloatVectorOperations::fill(block.getWritePointer(0), 0.5f, 64);
    transport.playing = false; // so that nothing has to fade
    player.process(block, transport, {});
    transport.playing = true;
    player.process(block, transport, {});
    player.collect();
    return block.getSample(0, 32);
  }
  juce::String message(const juce::String& id) { return board.takes().find(id)->message; }

  TemporaryFolder folder;
  Board board;
  Player player;
  std::atomic<bool> sources_wanted{false};
  ProgrammeMaker maker{board, player, sources_wanted};
  Transport transport;
};

} // namespace

TEST_CASE("the board's finished takes are heard, the top one over the others") {
  Making at;
  CHECK(at.heard() == 0.5f);
  at.add("below", 0.25f);
  at.add("above", -0.25f);
  at.add("failed", 0.75f, TakeState::failed);
  at.work();
  CHECK(at.heard() == -0.25f);
  at.board.change([](Board::Content& content) { content.takes.mute("above", true); });
  at.work();
  CHECK(at.heard() == 0.25f);
  at.board.change([](Board::Content& content) { content.takes.solo("above"); });
  at.work();
  CHECK(at.heard() == -0.25f);
}

TEST_CASE("a file that cannot be read is named, and tried again when it is asked for") {
  Making at;
  const auto take = at.add("moved", 0.25f);
  REQUIRE(take.result.moveFileTo(at.folder / "away.wav"));
  at.work();
  CHECK(at.message("moved").contains(take.result.getFullPathName()));
  CHECK(at.heard() == 0.5f);
  REQUIRE((at.folder / "away.wav").moveFileTo(take.result));
  at.work();
  CHECK(at.heard() == 0.5f);
  at.maker.retry();
  at.work();
  CHECK(at.heard() == 0.25f);
  CHECK(at.message("moved").isEmpty());
}

TEST_CASE("an offline render waits for what is expected, and for takes that may come") {
  Making at;
  at.player.set_longest_wait(0.05);
  at.transport.offline_flag = true;
  const auto waits = [&] {
    const double before = steady_seconds();
    at.heard();
    return steady_seconds() - before >= 0.05;
  };
  at.player.expect();
  CHECK(waits());
  at.work();
  CHECK_FALSE(waits());
  at.add("coming", 0.25f, TakeState::running);
  at.maker.give_again(true);
  CHECK(waits());
  at.board.changed();
  at.maker.give_again(false); // no bridge is there
  CHECK_FALSE(waits());
}

} // namespace umtn::plugin::test
