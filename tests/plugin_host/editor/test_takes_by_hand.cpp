// What is done with takes beyond their buttons: names, undo, several instruments, offers.
#include "editor/take_words.hpp"
#include "hands.hpp"

#include <doctest/doctest.h>

namespace umtn::plugin::test {
namespace {

const juce::KeyPress kReturn(juce::KeyPress::returnKey), kEscape(juce::KeyPress::escapeKey);

juce::KeyPress command(char letter, int more = 0) {
  return {letter, juce::ModifierKeys::commandModifier | more, 0};
}

} // namespace

TEST_CASE("a take is renamed in place by F2, and by a double click") {
  Desk desk;
  auto& editor = *desk.window.editor;
  desk.record(1.0, 2.0);
  desk.render();
  type(editor, juce::KeyPress(juce::KeyPress::downKey));
  CHECK(type(editor, juce::KeyPress(juce::KeyPress::F2Key)));
  write(editor, "The bad one");
  type(editor, kReturn);
  CHECK(soon([&] { return desk.takes()[0].name == "The bad one"; }));

  auto& row = *find_a<TakeRow>(editor);
  press_at(row, {40, 12}, {}, 2);
  write(editor, "no");
  type(editor, kEscape);
  pump(0.2);
  CHECK(desk.takes()[0].name == "The bad one");

  press_at(row, {40, 12}, {}, 2);
  write(editor, "The good one");
  type(editor, kReturn);
  CHECK(soon([&] { return desk.takes()[0].name == "The good one"; }));
  CHECK(soon([&] { return row.getTitle().startsWith("The good one"); }));
}

TEST_CASE("undo and redo, by keys, buttons and menu") {
  Desk desk;
  auto& editor = *desk.window.editor;
  desk.record(1.0, 2.0);
  desk.render();
  const auto gone = [&](bool yes) {
    const bool came = soon([&] { return desk.takes().empty() == yes; });
    pump(0.1);
    return came;
  };
  press(desk.window("Delete"));
  REQUIRE(gone(true));
  CHECK(type(editor, command('z')));
  CHECK(gone(false));
  CHECK(type(editor, command('z', juce::ModifierKeys::shiftModifier)));
  CHECK(gone(true));
  press(desk.window("Undo"));
  CHECK(gone(false));
  press(desk.window("Redo"));
  CHECK(gone(true));
  CHECK_FALSE(desk.window("Redo").isEnabled());
  press(desk.window("Menu"));
  REQUIRE(pick(dynamic_cast<juce::Button&>(desk.window("Undo")).getTooltip()));
  CHECK(gone(false));
}

TEST_CASE("several instruments in one go, a take each") {
  Desk desk;
  desk.record(1.0, 2.0);
  press(desk.window("Several instruments"));
  press(desk.window("flute"));
  press(desk.window("trumpet"));
  press(desk.window("Render on these"));
  CHECK(find_a<Card>(*desk.window.editor) == nullptr);
  REQUIRE(soon([&] { return desk.takes().size() == 2; }));
  CHECK(desk.takes()[0].settings.target != desk.takes()[1].settings.target);
  // Who comes back finds the ticks as they were.
  press(desk.window("Several instruments"));
  CHECK(dynamic_cast<juce::ToggleButton&>(desk.window("trumpet")).getToggleState());
}

TEST_CASE("a recording outside the instrument's range is rendered as the bridge offers") {
  FakeBridge::Behaviour behaviour;
  behaviour.note = "All of it lies below.";
  behaviour.offer = "12";
  Desk desk(behaviour);
  desk.record(1.0, 2.0);
  desk.render();
  press(desk.window("Render an octave up"));
  REQUIRE(soon([&] { return desk.takes().size() == 2; }));
  CHECK(desk.takes()[1].settings.transpose == 12);
  CHECK(desk.takes()[1].place == desk.takes()[0].place);
}

TEST_CASE("what is offered is said in a musician's words") {
  CHECK(words_of_offer("octave") == "Render transposed");
  CHECK(words_of_offer("12") == "Render an octave up");
  CHECK(words_of_offer("-24") == "Render 2 octaves down");
  CHECK(words_of_offer("1") == "Render 1 semitone up");
  CHECK(words_of_offer("-5") == "Render 5 semitones down");
}

} // namespace umtn::plugin::test
