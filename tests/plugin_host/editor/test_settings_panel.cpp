#include "hands.hpp"

#include <doctest/doctest.h>
#include <set>

namespace umtn::plugin::test {

TEST_CASE("the instrument is chosen by name, and the host's number goes with it") {
  Desk desk;
  auto& box = dynamic_cast<juce::ComboBox&>(desk.window("Play it on"));
  box.grabKeyboardFocus();
  press(box);
  REQUIRE(pick("trumpet"));
  CHECK(soon([&] { return desk.window.processor.parameters().target.get() == 2; }));
  CHECK(desk.window.processor.render_settings().target == "trumpet");
  desk.window.processor.parameters().target = 1; // the host's automation
  CHECK(soon([&] { return box.getText() == "flute"; }));
}

TEST_CASE("the dice always give another variation") {
  Window window;
  auto& seed = window.processor.parameters().seed;
  std::set<int> seen;
  for (int thrown = 0; thrown < 20; ++thrown) {
    const int before = seed.get();
    press(window("Another variation"));
    CHECK(seed.get() != before);
    seen.insert(seed.get());
  }
  CHECK(seen.size() > 15);
}

TEST_CASE("what few need is folded away, and said to be changed where it is") {
  Window window;
  CHECK(find(*window.editor, "Character") == nullptr);
  CHECK(find(*window.editor, "Transpose") == nullptr);
  press(window("Advanced"));
  for (const auto* title : {"Model", "Character", "Dynamics", "Transpose", "Channels"})
    CHECK(find(*window.editor, title) != nullptr);

  auto& character = window("Character");
  // Nothing lies over it.
  auto* const seen = window.editor->getComponentAt(
      window.editor->getLocalPoint(&character, character.getLocalBounds().getCentre()));
  CHECK((seen == &character || character.isParentOf(seen)));
  auto& transpose = window.processor.parameters().transpose;
  auto* const up = find(window("Transpose"), "+");
  REQUIRE(up != nullptr);
  press(*up);
  CHECK(transpose.get() == 1);
  drag(character, {4, 14}, {character.getWidth() / 2, 14});
  CHECK(window.processor.parameters().temperature.get() > 0.5f);
  CHECK(soon([&] { return find(*window.editor, "Advanced (2 changed)") != nullptr; }));
  press(window("Advanced (2 changed)"));
  CHECK(find(*window.editor, "Character") == nullptr);
}

} // namespace umtn::plugin::test
