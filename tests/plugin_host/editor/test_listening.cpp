// What is heard inside the plugin: the region, and previews of instruments.
#include "hands.hpp"

#include <doctest/doctest.h>

namespace umtn::plugin::test {
namespace {

const juce::KeyPress kSpace(juce::KeyPress::spaceKey, 0, ' ');

} // namespace

TEST_CASE("space plays and stops inside the plugin, and is the host's while that rolls") {
  Desk desk;
  auto& listen = desk.window.processor.core().listen();
  desk.record(1.0, 3.0);
  CHECK(type(*desk.window.editor, kSpace));
  CHECK(soon([&] { return listen.playing(); }));
  CHECK(soon([&] { return find(*desk.window.editor, "Stop") != nullptr; }));
  CHECK(type(*desk.window.editor, kSpace));
  CHECK(soon([&] { return !listen.playing(); }));
  REQUIRE(soon([&] { return find(*desk.window.editor, "Play") != nullptr; }));
  press(desk.window("Play"));
  CHECK(soon([&] { return listen.playing(); }));
  press(desk.window("Stop"));
  CHECK(soon([&] { return !listen.playing(); }));

  desk.roll(true);
  REQUIRE(soon([&] { return !desk.window("Play").isEnabled(); }));
  CHECK_FALSE(type(*desk.window.editor, kSpace));
  CHECK_FALSE(listen.playing());
  desk.roll(false);
}

TEST_CASE("a press in the timeline puts there where listening begins") {
  Desk desk;
  desk.record(1.0, 3.0);
  auto& timeline = desk.window("Timeline");
  press_at(timeline, {timeline.getWidth() / 2, timeline.getHeight() / 3});
  auto& listen = desk.window.processor.core().listen();
  CHECK(listen.placed());
  CHECK(listen.position() == doctest::Approx(2.0).epsilon(0.2));
}

TEST_CASE("a button plays how an instrument sounds, and says while that is made") {
  Desk desk;
  const auto state = [&] { return desk.window.processor.core().view().preview.state; };
  desk.record(1.0, 2.0);
  press(desk.window("Preview flute"));
  CHECK(soon([&] { return state() != Preview::State::none; }));
  CHECK(desk.window.processor.core().view().preview.target == "flute");
  CHECK(soon([&] { return desk.bridge.received("/umtn/preview") > 0; }));

  press(desk.window("Several instruments"));
  press(desk.window("Preview trumpet"));
  CHECK(soon([&] { return desk.window.processor.core().view().preview.target == "trumpet"; }));
}

TEST_CASE("a preview that fails says why") {
  FakeBridge::Behaviour old;
  old.old = true;
  Desk desk(old);
  press(desk.window("Preview flute"));
  const auto preview = [&] { return desk.window.processor.core().view().preview; };
  REQUIRE(soon([&] { return preview().state == Preview::State::failed; }));
  CHECK(soon([&] {
    return find(*desk.window.editor, "No preview of flute: " + preview().message) != nullptr;
  }));
  const auto sentence = "No preview of flute: " + preview().message;
  press(desk.window("Takes")); // goes on with something else
  CHECK(soon([&] { return find(*desk.window.editor, sentence) == nullptr; }));
  pump(0.2);
  CHECK(find(*desk.window.editor, sentence) == nullptr);
  press(desk.window("Preview flute")); // and asks again
  CHECK(soon([&] { return find(*desk.window.editor, sentence) != nullptr; }));
  CHECK(type(*desk.window.editor, juce::KeyPress('a', 0, 'a')));
  CHECK(soon([&] { return find(*desk.window.editor, sentence) == nullptr; }));
}

TEST_CASE("a file that is dropped becomes the source where it was dropped") {
  Desk desk;
  desk.record(1.0, 2.0);
  const auto recorded = desk.window.processor.core().view().captured[0].file;
  const auto file = desk.folder / "brought along.wav";
  REQUIRE(recorded.copyFileTo(file));
  auto& timeline = dynamic_cast<TimelineView&>(desk.window("Timeline"));
  timeline.filesDropped({file.getFullPathName()}, timeline.getWidth() - 4, 60);
  CHECK(soon([&] {
    const auto region = desk.window.processor.core().region().current();
    return region && region->range.start > 60000;
  }));
}

TEST_CASE("capture that is told once lets go after one pass") {
  Desk desk;
  press(desk.window("Capture once"));
  CHECK(desk.window.processor.capture_once());
  press(desk.window("Capture once"));
  CHECK_FALSE(desk.window.processor.capture_once());
}

} // namespace umtn::plugin::test
