// What lies over the window: disk use, logs, licences; and what a window remembers.
#include "editor/cards.hpp"
#include "editor/window_memory.hpp"
#include "hands.hpp"

#include <doctest/doctest.h>

namespace umtn::plugin::test {
namespace {

bool says(const Card::Content& card, const juce::String& words) {
  for (const auto& line : card.lines)
    if ((line.left + " " + line.right).contains(words))
      return true;
  return false;
}

} // namespace

TEST_CASE("the menu measures the disk, and cleans up only what was asked for") {
  Desk desk;
#if JUCE_LINUX
  juce::File("~/.local/share/Trash/files").createDirectory(); // a home that has a trash
#endif
  const auto old = desk.folder / "session/recorded 2020-01-01 10.00.00 abcdef.wav";
  old.create();
  old.replaceWithText("no project names it");
  old.setLastModificationTime(juce::Time(2020, 1, 1, 10, 0));
  press(desk.window("Menu"));
  REQUIRE(pick("Disk use..."));
  REQUIRE(soon([&] { return find(*desk.window.editor, "Move 1 file to the trash") != nullptr; }));
  CHECK(old.existsAsFile());
  press(desk.window("Close"));
  CHECK(old.existsAsFile());
  press(desk.window("Menu"));
  REQUIRE(pick("Disk use..."));
  press(desk.window("Move 1 file to the trash"));
  CHECK(soon([&] { return !old.existsAsFile(); }));
  CHECK(soon([&] { return find(*desk.window.editor, "Move 1 file to the trash") == nullptr; }));
  CHECK(find(*desk.window.editor, "nothing") != nullptr);
}

TEST_CASE("where the bridge left a log, a button shows its end") {
  Window window;
  TemporaryFolder folder;
  const auto log = folder / "bridge.log";
  log.replaceWithText("first\nAddress already in use\n");
  auto view = window.processor.core().view();
  view.connection.link = Link::absent;
  window.editor->show(view);
  CHECK(find(*window.editor, "Show log") == nullptr);
  view.connection.log = log;
  window.editor->show(view);
  auto* const button = find(*window.editor, "Show log");
  REQUIRE(button != nullptr);
  dynamic_cast<juce::Button&>(*button).onClick(); // before the core's own view comes back
  CHECK(find(*window.editor, "Address already in use") != nullptr);
}

TEST_CASE("cards tell all they should") {
  CoreView view;
  CHECK(says(disk_card(view, nullptr), "Looking"));
  view.disk = DiskUse{3000000, 1000000, {juce::File("/a"), juce::File("/b")}};
  const auto disk = disk_card(view, nullptr);
  CHECK(says(disk, "2 files"));
  REQUIRE(disk.buttons.size() == 1);
  CHECK(disk.buttons[0].text == "Move 2 files to the trash");

  Connection connection;
  CHECK(says(about_card(connection), "not connected"));
  connection.models = {{"mine", {"viola"}, "CC BY-NC 4.0", {}}, {"yours", {"oboe"}, "", {}}};
  CHECK(says(about_card(connection), "mine CC BY-NC 4.0"));
  CHECK(says(about_card(connection), "yours no licence told"));
  CHECK(says(help_card(), "Space"));
  CHECK(says(log_card(juce::File("/nowhere")), "wrote nothing"));
}

TEST_CASE("a window comes back as it was, and a new plugin's as the last one") {
  {
    Window window;
    window.editor->set_scale(1.5f);
    window.editor->setSize(1200, 930);
    window.open();
    CHECK(window.editor->scale() == doctest::Approx(1.5f));
    CHECK(window.editor->getWidth() == 1200);
    CHECK(window.editor->getHeight() == 930);
  }
  Window other;
  CHECK(other.editor->scale() == doctest::Approx(1.5f));
  CHECK(other.editor->getWidth() == 1200);
  other.editor->set_scale(1.0f);
  other.editor->setSize(860, 600);
}

TEST_CASE("a size that was remembered badly does no harm") {
  remember_size({100000, -3, 77.0f});
  Window window;
  CHECK(window.editor->scale() <= 2.0f);
  CHECK(window.editor->getWidth() <= 4800);
  CHECK(window.editor->getHeight() >= 480);
  window.editor->set_scale(1.0f);
  window.editor->setSize(860, 600);
}

} // namespace umtn::plugin::test
