// What the light's line says can be read whole; a bridge's token; and a window that goes away.
#include "editor/newest_message.hpp"
#include "editor/token_box.hpp"
#include "hands.hpp"

#include <doctest/doctest.h>

namespace umtn::plugin::test {
namespace {

// Nothing of it is left on the screen, nor would anything catch presses.
bool nothing_is_left() {
  return soon(
      [] {
        return juce::Desktop::getInstance().getNumComponents() == 0 &&
               juce::ModalComponentManager::getInstance()->getNumModalComponents() == 0;
      },
      2.0);
}

struct Guarded {
  Guarded() : bridge(file(folder), folder / "sessions", behaviour()) {
    REQUIRE(soon([&] { return find(*window.editor, "Enter token...") != nullptr; }));
  }
  static juce::File file(const TemporaryFolder& folder) {
    const auto file = folder / "bridge.json";
#if !JUCE_WINDOWS
    setenv("UMTN_BRIDGE_FILE", file.getFullPathName().toRawUTF8(), 1);
#endif
    return file;
  }
  static FakeBridge::Behaviour behaviour() {
    FakeBridge::Behaviour wants;
    wants.token = "secret";
    return wants;
  }

  TemporaryFolder folder;
  FakeBridge bridge;
  Window window;
};

} // namespace

TEST_CASE("a bridge's token is entered in the window") {
  Guarded guarded;
  auto& window = guarded.window;
  press(window("Enter token..."));
  REQUIRE(find_a<TokenBox>(*window.editor) != nullptr);
  CHECK(type(*window.editor, juce::KeyPress(juce::KeyPress::escapeKey)));
  CHECK(soon([&] { return find_a<TokenBox>(*window.editor) == nullptr; }));

  press(window("Enter token..."));
  write(*window.editor, "secret");
  type(*window.editor, juce::KeyPress(juce::KeyPress::returnKey));
  CHECK(soon([&] { return find_a<TokenBox>(*window.editor) == nullptr; }));
  CHECK(soon([&] { return window.processor.core().view().connection.connected(); }));
  CHECK(soon([&] { return find(*window.editor, "Enter token...") == nullptr; }));
}

TEST_CASE("a window that is closed leaves nothing behind, whatever was open in it") {
  SUBCASE("the bridge's token") {
    Guarded guarded;
    press(guarded.window("Enter token..."));
    guarded.window.editor.reset();
    CHECK(nothing_is_left());
  }
  SUBCASE("the menu") {
    Window window;
    press(window("Menu"));
    REQUIRE(juce::Desktop::getInstance().getNumComponents() > 1);
    window.editor.reset();
    CHECK(nothing_is_left());
  }
  SUBCASE("the list of a box") {
    Window window;
    press(window("Audition"));
    REQUIRE(juce::Desktop::getInstance().getNumComponents() > 1);
    window.editor.reset();
    CHECK(nothing_is_left());
  }
  SUBCASE("a take's menu") {
    Desk desk;
    desk.record(1.0, 2.0);
    desk.render();
    press(desk.window("More"));
    REQUIRE(juce::Desktop::getInstance().getNumComponents() > 1);
    desk.window.editor.reset();
    CHECK(nothing_is_left());
  }
  SUBCASE("an entry that was pressed just before") {
    Window window;
    press(window("Menu"));
    auto* const entry = menu_entry("Help");
    REQUIRE(entry != nullptr);
    entry->getActions().invoke(juce::AccessibilityActionType::press);
    window.editor.reset(); // before the menu has called
    CHECK(nothing_is_left());
  }
  SUBCASE("the chooser of files") {
    Window window;
    press(window("Menu"));
    REQUIRE(pick("Open audio file..."));
    window.editor.reset();
    CHECK(nothing_is_left());
  }
}

TEST_CASE("every sentence about the bridge can be read whole in the smallest window") {
  Window window;
  auto& editor = *window.editor;
  editor.setSize(700, 480);
  const juce::String log = " More is in /home/somebody-with-a-name/.local/share/umtn/bridge.log";
  const juce::String umtn = "/home/somebody-with-a-name/music/software/umtn/.venv/bin/umtn";
  const std::pair<Link, juce::String> sentences[] = {
      {Link::absent, "No bridge is running: start it here, or run \"umtn bridge\" in a terminal."},
      {Link::stale, "The bridge has ended unexpectedly: start it again."},
      {Link::stale,
       "The bridge has ended unexpectedly, start it again. It said: Port 57301 is in use by "
       "another program: end that, or choose another with --port." +
           log},
      {Link::absent, "The bridge could not start: the models' folder cannot be read: see to it "
                     "that it is there, or name another by $UMTN_MODELS." +
                         log},
      {Link::absent,
       "The bridge was started, but does not come: if it stays so, start it again." + log},
      {Link::absent, "umtn is no longer where it ran last, " + umtn +
                         ": install it, then run \"umtn doctor\" in a terminal once, and start "
                         "the bridge here again."},
      {Link::absent, "The bridge cannot be started: the DAW has too many files open, or the "
                     "computer runs too many programs. Close some, and start it again."},
      {Link::absent, "The bridge cannot be started: " + umtn +
                         " does not run on this computer. Install umtn again."},
      {Link::not_answering,
       "The bridge does not answer: if it stays so, end it and start it again."},
      {Link::wrong_token, "The bridge wants its token: enter it here. It says: this bridge asks "
                          "for a token: send /umtn/token with the token that it was started with."},
      {Link::wrong_protocol,
       "The bridge is of another version than the plugin: install the same version of both."}};
  auto view = window.processor.core().view();
  for (const bool with_log : {false, true})
    for (const auto& [link, sentence] : sentences) {
      view.connection.link = link;
      view.connection.sentence = sentence;
      view.connection.log = with_log ? juce::File("/bridge.log") : juce::File();
      editor.show(view);
      INFO(sentence.toStdString());
      auto* const shown = dynamic_cast<WrappedText*>(find(editor, sentence));
      REQUIRE(shown != nullptr);
      CHECK(shown->height(shown->getWidth()) <= shown->getHeight());
      CHECK(shown->getParentComponent()->getLocalBounds().contains(shown->getBounds()));
      if (auto* const start = find(editor, "Start bridge")) {
        CHECK_FALSE(editor.getLocalArea(start, start->getLocalBounds())
                        .intersects(editor.getLocalArea(shown, shown->getLocalBounds())));
      }
      CHECK(window("Takes").getHeight() > 40);
    }
  editor.setSize(860, 600);
}

TEST_CASE("the newest message is shown, and what was read goes") {
  using News = NewestMessage::News;
  NewestMessage message;
  CHECK(message.newest().isEmpty());
  message.hear(News::preview, "No preview.");
  message.hear(News::listening, "Nothing to hear.");
  CHECK(message.newest() == "Nothing to hear.");
  message.hear(News::preview, "No preview."); // as it was
  CHECK(message.newest() == "Nothing to hear.");
  message.hear(News::action, "Nothing was recorded there.");
  CHECK(message.newest() == "Nothing was recorded there.");
  message.hear(News::action, {});
  CHECK(message.newest() == "Nothing to hear.");
  message.go_on();
  CHECK(message.newest().isEmpty());
  message.hear(News::preview, "No preview.");
  CHECK(message.newest().isEmpty());
  message.expect(News::preview);
  message.hear(News::preview, "No preview.");
  CHECK(message.newest() == "No preview.");
}

} // namespace umtn::plugin::test
