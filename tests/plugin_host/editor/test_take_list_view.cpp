#include "hands.hpp"

#include <doctest/doctest.h>

namespace umtn::plugin::test {
namespace {

TakeRow* row_of(juce::Component& below, const juce::String& take) {
  if (auto* const row = dynamic_cast<TakeRow*>(&below); row != nullptr && row->id() == take)
    return row;
  for (auto* const child : below.getChildren())
    if (auto* const row = row_of(*child, take))
      return row;
  return nullptr;
}

TakeRow& row(Desk& desk, std::size_t take) { // counted from the bottom
  auto* const row = row_of(*desk.window.editor, desk.takes()[take].id);
  REQUIRE(row != nullptr);
  return *row;
}

} // namespace

TEST_CASE("takes say where they lie in bars, where the host has them") {
  Desk desk;
  desk.record(2.0, 4.0);
  desk.render();
  CHECK(row(desk, 0).getTitle().contains("0:02.0 to 0:04.0"));
  desk.head.tell(0, false);
  desk.head.position->setBpm(120.0);
  desk.head.position->setPpqPosition(0.0);
  desk.head.position->setPpqPositionOfLastBarStart(0.0);
  desk.head.position->setTimeSignature(juce::AudioPlayHead::TimeSignature{4, 4});
  auto& processor = desk.window.processor;
  processor.setPlayHead(&desk.head);
  juce::AudioBuffer<float> block(2, 512);
  block.clear();
  juce::MidiBuffer midi;
  processor.processBlock(block, midi);
  processor.setPlayHead(nullptr);
  CHECK(soon([&] { return row(desk, 0).getTitle().contains("bar 2 to 3"); }));
}

TEST_CASE("each button of a take does what it says") {
  Desk desk;
  desk.record(1.0, 2.0);
  desk.render();
  press(desk.window("Another variation"));
  desk.render(2);
  const auto view = [&] { return desk.window.processor.core().view(); };
  const auto top = view().takes[1].id, below = view().takes[0].id;

  press(*find(row(desk, 1), "Solo"));
  CHECK(soon([&] { return view().soloed == top; }));
  press(*find(row(desk, 1), "Solo"));
  CHECK(soon([&] { return view().soloed.isEmpty(); }));
  press(*find(row(desk, 1), "Mute"));
  CHECK(soon([&] { return view().takes[1].muted; }));
  press(*find(row(desk, 1), "Mute"));
  CHECK(soon([&] { return !view().takes[1].muted; }));
  press(*find(row(desk, 1), "Next take here"));
  CHECK(soon([&] { return view().takes[1].id == below; }));

  pump(0.2);
  press(*find(row(desk, 0), "Again"));
  CHECK(soon([&] { return view().takes.size() == 3; }));
  pump(0.2);
  press(*find(row(desk, 0), "Delete"));
  CHECK(soon([&] { return view().takes.size() == 2; }));
}

TEST_CASE("a render that is under way is cancelled by its button, and by Delete") {
  FakeBridge::Behaviour slow;
  slow.render = 60.0;
  Desk desk(slow);
  desk.record(1.0, 2.0);
  for (const bool by_key : {false, true}) {
    press(desk.window("Another variation"));
    press(desk.window("Render"));
    REQUIRE(soon([&] { return !desk.takes().empty() && desk.takes().back().under_way(); }));
    REQUIRE(soon([&] { return find(*desk.window.editor, "Cancel") != nullptr; }));
    if (by_key) {
      type(*desk.window.editor, juce::KeyPress(juce::KeyPress::upKey));
      CHECK(type(*desk.window.editor, juce::KeyPress(juce::KeyPress::deleteKey)));
    } else {
      press(desk.window("Cancel"));
    }
    CHECK(soon([&] { return desk.takes().back().state == TakeState::cancelled; }));
  }
}

TEST_CASE("arrow keys and the mouse choose the take that keys mean") {
  Desk desk;
  desk.record(1.0, 2.0);
  desk.render();
  press(desk.window("Another variation"));
  desk.render(2);
  auto& list = *find_a<TakeListView>(*desk.window.editor);
  auto& editor = *desk.window.editor;
  CHECK(list.chosen().isEmpty());
  CHECK_FALSE(type(editor, juce::KeyPress(juce::KeyPress::deleteKey))); // none is meant

  CHECK(type(editor, juce::KeyPress(juce::KeyPress::downKey)));
  CHECK(list.chosen() == desk.takes()[1].id); // the newest is at the top
  CHECK(type(editor, juce::KeyPress(juce::KeyPress::downKey)));
  CHECK(list.chosen() == desk.takes()[0].id);
  CHECK(type(editor, juce::KeyPress(juce::KeyPress::upKey)));
  CHECK(list.chosen() == desk.takes()[1].id);
  press_at(row(desk, 0), {30, 12});
  CHECK(list.chosen() == desk.takes()[0].id);

  CHECK(type(editor, juce::KeyPress('s', 0, 's')));
  CHECK(soon([&] { return desk.window.processor.core().view().soloed == list.chosen(); }));
  CHECK(type(editor, juce::KeyPress('m', 0, 'm')));
  CHECK(soon([&] { return desk.takes()[0].muted; }));
  const auto removed = list.chosen();
  CHECK(type(editor, juce::KeyPress(juce::KeyPress::deleteKey)));
  CHECK(soon([&] { return desk.takes().size() == 1; }));
  // The one that lies there now is chosen in its place.
  CHECK(soon([&] { return list.chosen() == desk.takes()[0].id; }));
  CHECK(list.chosen() != removed);
}

TEST_CASE("the menu of a take has what its buttons have") {
  Desk desk;
  desk.record(1.0, 2.0);
  desk.render();
  press_at(row(desk, 0), {30, 12}, juce::ModifierKeys::rightButtonModifier);
  REQUIRE(pick("Mute"));
  CHECK(soon([&] { return desk.takes()[0].muted; }));
  press(desk.window("More"));
  REQUIRE(pick("Delete"));
  CHECK(soon([&] { return desk.takes().empty(); }));
}

} // namespace umtn::plugin::test
