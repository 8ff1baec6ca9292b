#include "support/support.hpp"
#include "takes/take_history.hpp"

#include <doctest/doctest.h>
#include <functional>

namespace umtn::plugin::test {
namespace {

Take take(const juce::String& id) {
  Take made;
  made.id = id;
  made.place = {{0, 100}, 48000.0};
  made.state = TakeState::done;
  return made;
}

// All that a person sees of a list, in a line.
juce::String looks(const TakeList& takes) {
  juce::String line;
  for (const Take& one : takes.all())
    line << one.id << (one.muted ? "-" : "") << "(" << one.name << ") ";
  return line + "solo " + takes.soloed();
}

struct Edited {
  TakeList takes;
  TakeHistory history;
  void edit(const juce::String& name, const std::function<void(TakeList&)>& change) {
    const TakeList before = takes;
    change(takes);
    history.record(name, before, takes);
  }
};

} // namespace

TEST_CASE("each edit is undone and redone by itself, and says what it was") {
  Edited list;
  for (const auto* id : {"a", "b", "c"})
    list.takes.add(take(id));
  list.edit("Delete take", [](TakeList& takes) { takes.remove("b"); });
  list.edit("Mute take", [](TakeList& takes) { takes.mute("a", true); });
  list.edit("Solo take", [](TakeList& takes) { takes.solo("c"); });
  list.edit("Rename take", [](TakeList& takes) { takes.rename("c", " Chorus "); });
  list.edit("Bring take to top", [](TakeList& takes) { takes.bring_to_top("a"); });
  CHECK(looks(list.takes) == "c(Chorus) a-() solo c");
  const std::pair<const char*, const char*> steps[] = {
      {"Bring take to top", "a-() c(Chorus) solo c"},
      {"Rename take", "a-() c() solo c"},
      {"Solo take", "a-() c() solo "},
      {"Mute take", "a() c() solo "},
      {"Delete take", "a() b() c() solo "},
  };
  for (const auto& [name, after] : steps) {
    CHECK(list.history.undo_name() == name);
    CHECK(list.history.undo(list.takes));
    CHECK(list.history.redo_name() == name);
    CHECK(looks(list.takes) == after);
  }
  CHECK(list.history.undo_name().isEmpty());
  CHECK_FALSE(list.history.undo(list.takes));
  while (list.history.redo(list.takes)) {
  }
  CHECK(looks(list.takes) == "c(Chorus) a-() solo c");
}

TEST_CASE("what happens to takes by itself is not undone") {
  Edited list;
  list.takes.add(take("a"));
  list.takes.add(take("b"));
  list.takes.find("b")->state = TakeState::running;
  list.edit("Mute take", [](TakeList& takes) { takes.mute("b", true); });
  list.edit("Delete take", [](TakeList& takes) { takes.remove("a"); });
  list.takes.find("b")->state = TakeState::done;
  list.takes.add(take("c"));
  CHECK(list.history.undo(list.takes));
  CHECK(list.history.undo(list.takes));
  CHECK(looks(list.takes) == "a() b() c() solo ");
  CHECK(list.takes.find("b")->state == TakeState::done);
}

TEST_CASE(
    "a soloed take that was deleted is the soloed one again, an edit that changes nothing none") {
  Edited list;
  list.takes.add(take("a"));
  list.takes.solo("a");
  list.edit("Mute take", [](TakeList& takes) { takes.mute("a", false); });
  CHECK(list.history.undo_name().isEmpty());
  list.edit("Delete take", [](TakeList& takes) { takes.remove("a"); });
  REQUIRE(list.history.away().size() == 1);
  CHECK(list.history.undo(list.takes));
  CHECK(list.takes.soloed() == "a");
  CHECK(list.history.away().empty());
  // A new edit is the end of what could be redone.
  list.edit("Mute take", [](TakeList& takes) { takes.mute("a", true); });
  CHECK(list.history.redo_name().isEmpty());
}

TEST_CASE("a thousand edits at random: undone all, it is as it was, redone all, as it became") {
  for (unsigned seed = 0; seed < 20; ++seed) {
    Random random(seed);
    Edited list;
    for (int n = 0; n < 6; ++n)
      list.takes.add(take(juce::String::charToString('a' + n)));
    std::vector<juce::String> shown = {looks(list.takes)};
    for (int n = 0; n < 50; ++n) {
      const auto id = juce::String::charToString('a' + random.integer(0, 5));
      list.edit("Edit", [&](TakeList& takes) {
        switch (random.integer(0, 5)) {
        case 0:
          return takes.remove(id);
        case 1:
          return takes.mute(id, random.chance(0.5));
        case 2:
          return takes.solo(takes.find(id) != nullptr && random.chance(0.5) ? id : "");
        case 3:
          return takes.rename(id, juce::String(random.integer(0, 3)));
        case 4:
          return takes.bring_to_top(id);
        default:
          return takes.next_rival(id);
        }
      });
      if (looks(list.takes) != shown.back())
        shown.push_back(looks(list.takes));
    }
    const auto last = shown;
    while (list.history.undo(list.takes)) {
      shown.pop_back();
      REQUIRE(!shown.empty());
      REQUIRE(looks(list.takes) == shown.back());
    }
    REQUIRE(shown.size() == 1);
    for (std::size_t n = 1; n < last.size(); ++n) {
      REQUIRE(list.history.redo(list.takes));
      REQUIRE(looks(list.takes) == last[n]);
    }
  }
}

} // namespace umtn::plugin::test
