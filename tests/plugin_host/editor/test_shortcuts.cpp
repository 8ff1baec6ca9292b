#include "hands.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <set>

namespace umtn::plugin::test {
namespace {

juce::KeyPress command(char letter, int more = 0) {
  return {letter, juce::ModifierKeys::commandModifier | more, 0};
}

} // namespace

TEST_CASE("A hears what was recorded, and again the translation") {
  Window window;
  auto& audition = window.processor.parameters().audition;
  CHECK(type(*window.editor, juce::KeyPress('a', 0, 'a')));
  CHECK(audition.getIndex() == 1);
  CHECK(dynamic_cast<juce::ComboBox&>(window("Audition")).getText() == "Hear source");
  CHECK(type(*window.editor, juce::KeyPress('A', 0, 'A'))); // with the capitals' lock
  CHECK(audition.getIndex() == 0);
}

TEST_CASE("keys that are of no use here are the host's") {
  Window window;
  auto& editor = *window.editor;
  for (const auto& key :
       {juce::KeyPress('q', 0, 'q'), juce::KeyPress('a', juce::ModifierKeys::altModifier, 0),
        command('s'), juce::KeyPress(juce::KeyPress::F5Key), command('z'),
        juce::KeyPress(juce::KeyPress::upKey), juce::KeyPress(juce::KeyPress::deleteKey),
        juce::KeyPress('r', 0, 'r')}) // there is no region yet
    CHECK_FALSE(type(editor, key));
}

TEST_CASE("letters that are typed into a box are no commands") {
  Window window;
  auto& seed = window("Variation");
  auto* const words = find_a<juce::Label>(seed);
  REQUIRE(words != nullptr);
  words->showEditor();
  pump();
  write(*window.editor, "a12");
  type(*window.editor, juce::KeyPress(juce::KeyPress::returnKey));
  CHECK(window.processor.parameters().audition.getIndex() == 0);
}

TEST_CASE("the list of keys is shown by its key, scrolls, and closes by Escape") {
  Window window;
  for (const auto& key : {juce::KeyPress(juce::KeyPress::F1Key),
                          juce::KeyPress('?', juce::ModifierKeys::shiftModifier, '?')}) {
    CHECK(type(*window.editor, key));
    REQUIRE(find(*window.editor, "Help") != nullptr);
    // What lies under it is not asked.
    CHECK_FALSE(type(*window.editor, juce::KeyPress('a', 0, 'a')));
    CHECK(window.processor.parameters().audition.getIndex() == 0);
    CHECK(type(*window.editor, juce::KeyPress(juce::KeyPress::escapeKey)));
    CHECK(find_a<Card>(*window.editor) == nullptr);
  }
  type(*window.editor, juce::KeyPress(juce::KeyPress::F1Key));
  press(window("Close"));
  CHECK(find_a<Card>(*window.editor) == nullptr);
}

TEST_CASE("every command has a key, and the list of keys names it") {
  using juce::KeyPress;
  std::vector<int> codes = {KeyPress::spaceKey, KeyPress::deleteKey, KeyPress::F1Key,
                            KeyPress::F2Key,    KeyPress::upKey,     KeyPress::downKey};
  for (char letter = '!'; letter < '~'; ++letter)
    codes.push_back(letter);
  std::set<Command> found;
  for (const int code : codes)
    for (const int with : {0, static_cast<int>(juce::ModifierKeys::commandModifier),
                           juce::ModifierKeys::commandModifier | juce::ModifierKeys::shiftModifier})
      if (const auto command = command_of({code, with, 0}))
        found.insert(*command);
  CHECK(found.size() == static_cast<std::size_t>(Command::help) + 1);
  juce::StringArray named;
  for (const auto& line : key_help())
    named.addTokens(line.keys, ",", {});
  named.trim();
  for (const auto* key :
       {"Space", "A", "B", "R", "S", "M", "Up", "Down", "Delete", "Backspace", "F1", "?", "F2"})
    CHECK(named.contains(key));
#if !JUCE_MAC
  for (const auto* key :
       {"Ctrl Z", "Ctrl Shift Z", "Ctrl Y", "Ctrl O", "Ctrl +", "Ctrl =", "Ctrl -"})
    CHECK(named.contains(key));
#endif
  for (int command = 0; command <= static_cast<int>(Command::help); ++command)
    CHECK(named.contains(key_of(static_cast<Command>(command))));
}

TEST_CASE("the window grows and shrinks by keys and menu, and what is in it with it") {
  Window window;
  auto& editor = *window.editor;
  const int width = editor.getWidth();
  const int words = window("Render").getWidth();
  CHECK(type(editor, command('+')));
  CHECK(editor.scale() == doctest::Approx(1.25f));
  CHECK(editor.getWidth() == doctest::Approx(1.25 * width).epsilon(0.01));
  auto& render = window("Render");
  CHECK(editor.getLocalArea(&render, render.getLocalBounds()).getWidth() ==
        doctest::Approx(1.25 * words).epsilon(0.02));
  CHECK(type(editor, command('-')));
  CHECK(editor.getWidth() == doctest::Approx(width).epsilon(0.01));

  press(window("Menu"));
  REQUIRE(pick("Size"));
  REQUIRE(pick("200 %"));
  CHECK(editor.scale() == doctest::Approx(2.0f));
  // And all of it can still be pressed.
  press(window("Another variation"));
  CHECK(window.processor.parameters().seed.get() != 0);
}

TEST_CASE("the menu tells of licences") {
  Desk desk;
  press(desk.window("Menu"));
  REQUIRE(pick("About umtn"));
  CHECK(find(*desk.window.editor, UMTN_VERSION) != nullptr);
  CHECK(find(*desk.window.editor, "default") != nullptr);
}

} // namespace umtn::plugin::test
