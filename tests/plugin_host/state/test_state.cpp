#include "state/state.hpp"
#include "support/support.hpp"

#include <doctest/doctest.h>
#include <string>

namespace umtn::plugin::test {
namespace {

// What a version 1 looked like.
constexpr auto kVersion1 =
    R"(<?xml version="1.0" encoding="UTF-8"?>
<umtn version="1" model="default" target="flute" session_folder="/music/session">
  <parameter id="mix" value="0.5"/>
  <take id="plugin-1" state="done" start="100" end="48100" rate="48000.0" seed="7"
        source="/music/session/a.wav" result="/music/session/b.wav"/>
</umtn>
)";

State full_state(const juce::File& folder) {
  State state;
  state.parameters = {{"mix", 0.25f}, {"capture", 1.0f}, {"seed", 123456.0f}};
  state.model = "default";
  state.target = juce::CharPointer_UTF8("fl\xc3\xb6te & <brass> \"x\"");
  state.session_folder = folder;
  state.region_source = RegionSource::dragged;
  state.dragged = Place{{-5, 7234567890}, 44100.0};
  state.instance = "0123456789abcdef0123456789abcdef";
  for (int n = 0; n < 4; ++n) {
    Take take;
    take.id = "plugin-" + juce::String(n);
    take.place = {{1000 * n, 1000 * n + 500}, 96000.0};
    take.source = folder.getChildFile("source" + juce::String(n) + ".wav");
    take.result = n == 3 ? juce::File("/elsewhere/r.wav")
                         : folder.getChildFile("sub/result" + juce::String(n) + ".wav");
    take.settings = {"default", "trumpet", 2147483647 - n, 0.85f, n == 2 ? "mid" : "auto", 0.5f};
    take.settings.transpose = n == 1 ? kOctave : -12 * n;
    take.note = n == 2 ? "All of it lies below." : "";
    take.state = static_cast<TakeState>(n);
    take.message = n == 3 ? "The disk is full." : "";
    take.muted = n == 1;
    take.offer = n == 1 ? "octave" : "";
    take.name = n == 0 ? "Chorus <2>" : "";
    take.recording = n == 3 ? "" : "1a2b";
    state.takes.add(take);
  }
  state.takes.solo("plugin-2");
  state.captured.record({{{0, 48000}, 48000.0}, folder.getChildFile("r.wav"), 0, 2});
  state.captured.record({{{60000, 70000}, 48000.0}, folder.getChildFile("r2.wav"), 77, 1});
  return state;
}

void check_same(const State& a, const State& b) {
  CHECK(a.parameters == b.parameters);
  CHECK(a.model == b.model);
  CHECK(a.target == b.target);
  CHECK(a.session_folder == b.session_folder);
  CHECK(a.instance == b.instance);
  CHECK(a.region_source == b.region_source);
  CHECK(a.dragged == b.dragged);
  CHECK(a.takes.soloed() == b.takes.soloed());
  REQUIRE(a.takes.all().size() == b.takes.all().size());
  for (std::size_t n = 0; n < a.takes.all().size(); ++n) {
    const Take &x = a.takes.all()[n], &y = b.takes.all()[n];
    CHECK(x.id == y.id);
    CHECK(x.place == y.place);
    CHECK(x.source == y.source);
    CHECK(x.result == y.result);
    CHECK(x.settings.model == y.settings.model);
    CHECK(x.settings.target == y.settings.target);
    CHECK(x.settings.seed == y.settings.seed);
    CHECK(x.settings.temperature == y.settings.temperature);
    CHECK(x.settings.channels == y.settings.channels);
    CHECK(x.settings.dynamics == y.settings.dynamics);
    CHECK(x.settings.transpose == y.settings.transpose);
    CHECK(x.note == y.note);
    CHECK(x.offer == y.offer);
    CHECK(x.name == y.name);
    CHECK(x.recording == y.recording);
    CHECK(x.state == y.state);
    CHECK(x.message == y.message);
    CHECK(x.muted == y.muted);
  }
  REQUIRE(a.captured.clips().size() == b.captured.clips().size());
  for (std::size_t n = 0; n < a.captured.clips().size(); ++n) {
    const Clip &x = a.captured.clips()[n], &y = b.captured.clips()[n];
    CHECK(x.place == y.place);
    CHECK(x.file == y.file);
    CHECK(x.offset == y.offset);
    CHECK(x.channels == y.channels);
  }
}

std::optional<State> load(const std::string& text) {
  return load_state(text.data(), text.size());
}

} // namespace

TEST_CASE("a state comes back as it was") {
  const auto state = full_state(juce::File("/music/a session"));
  const auto data = save_state(state);
  const auto back = load_state(data.getData(), data.getSize());
  REQUIRE(back);
  check_same(state, *back);
  check_same(State(), *load_state(save_state({}).getData(), save_state({}).getSize()));
}

TEST_CASE("a state of version 1 reads") {
  const auto state = load(kVersion1);
  REQUIRE(state);
  CHECK(state->version == 1);
  CHECK(state->parameters.at("mix") == 0.5f);
  REQUIRE(state->takes.all().size() == 1);
  const Take& take = state->takes.all()[0];
  CHECK(take.state == TakeState::done);
  CHECK(take.place == Place{{100, 48100}, 48000.0});
  CHECK(take.settings.target == "flute"); // said once for all
  CHECK(take.settings.seed == 7);
  CHECK(take.settings.temperature == RenderSettings().temperature);
  CHECK(take.result == juce::File("/music/session/b.wav"));
  CHECK(take.settings.channels == "per-channel"); // there was nothing else
  CHECK(take.settings.dynamics == 1.0f);
  CHECK(take.settings.transpose == 0);
  CHECK(take.note.isEmpty());
  CHECK(state->captured.clips().empty());
}

TEST_CASE("a newer state reads as far as it is known") {
  auto text = std::string(kVersion1);
  text.replace(text.find("version=\"1\" m"), 11, "version=\"9\"");
  text.replace(text.find("<take"), 5, "<hologram/><take colour=\"red\"");
  const auto state = load(text);
  REQUIRE(state);
  CHECK(state->version == 9);
  CHECK(state->takes.all().size() == 1);
}

TEST_CASE("what is no state changes nothing") {
  CHECK_FALSE(load_state(nullptr, 0));
  CHECK_FALSE(load(""));
  CHECK_FALSE(load("garbage"));
  CHECK_FALSE(load("<other/>"));
  CHECK_FALSE(load("<umtn><take"));
  CHECK_FALSE(load("<!DOCTYPE umtn [<!ENTITY a \"&a;&a;\">]><umtn model=\"&a;\"/>"));
  CHECK_FALSE(load("<umtn model=\"&#99999999999999999999;\"/>"));
  CHECK(load("<umtn model=\"&#228;\"/>")->model ==
        juce::String(juce::CharPointer_UTF8("\xc3\xa4")));
  std::string deep;
  for (int n = 0; n < 200000; ++n)
    deep += "<umtn>";
  CHECK_FALSE(load(deep));
  CHECK_FALSE(load("</a></a></a>" + deep));
}

TEST_CASE("values out of range are left at their defaults, the rest is read") {
  const auto state =
      load(R"(<umtn version="2"><take id="a" state="done" start="9" end="3" rate="1"/>
    <take id="b" state="done" start="0" end="99999999999999999999999" rate="48000"/>
    <take id="c" state="done" start="0" end="10" rate="nan"/>
    <take id="" state="done" start="0" end="10" rate="48000"/>
    <take id="d" state="dancing" start="0" end="10" rate="48000"/>
    <take id="e" state="done" start="0" end="10" rate="48000" seed="-4" temperature="1e999"
          dynamics="7" transpose="37"
          source="relative/path" result_in_session="../../etc/passwd"/>
    <take id="e" state="done" start="0" end="10" rate="48000"/>
    <recorded start="0" end="10" rate="48000" offset="-1" channels="1" file="/a"/>
    <parameter id="mix" value="inf"/></umtn>)");
  REQUIRE(state);
  REQUIRE(state->takes.all().size() == 1);
  const Take& take = state->takes.all()[0];
  CHECK(take.id == "e");
  CHECK(take.settings.seed == 0);
  CHECK(take.settings.temperature == RenderSettings().temperature);
  CHECK(take.settings.dynamics == RenderSettings().dynamics);
  CHECK(take.settings.transpose == 0);
  CHECK(take.source == juce::File());
  CHECK(take.result == juce::File());
  CHECK(state->captured.clips().empty());
  CHECK(state->parameters.empty());
}

TEST_CASE("what lies beyond two days on the timeline is dropped") {
  const auto state = load(R"(<umtn version="2">
    <dragged start="0" end="1000000000000000" rate="48000"/>
    <take id="a" state="done" start="480000000000000" end="480000000480000" rate="48000"/>
    <take id="b" state="done" start="-9000000000000000" end="10" rate="48000"/>
    <take id="c" state="done" start="8294395000" end="8294400000" rate="48000"/>
    <take id="d" state="done" start="8294400000" end="8294400001" rate="48000"/>
    <take id="e" state="done" start="0" end="8294400000" rate="1000"/>
    <recorded start="1000000000000000" end="1000000000000010" rate="10000000" offset="0"
              channels="1" file="/a"/></umtn>)");
  REQUIRE(state);
  REQUIRE(state->takes.all().size() == 1);
  CHECK(state->takes.all()[0].id == "c");
  CHECK_FALSE(state->dragged);
  CHECK(state->captured.clips().empty());
}

TEST_CASE("100,000 mutated states: each is read or refused") {
  const auto data = save_state(full_state(juce::File("/music/session")));
  const std::string good(static_cast<const char*>(data.getData()), data.getSize());
  Random random(11);
  int read = 0;
  for (int round = 0; round < 100000; ++round) {
    std::string text = good;
    for (int change = random.integer(1, 8); change > 0 && !text.empty(); --change) {
      const auto at =
          static_cast<std::size_t>(random.integer(0, static_cast<int>(text.size()) - 1));
      switch (random.integer(0, 5)) {
      case 0:
        text[at] = static_cast<char>(random.integer(0, 255));
        break;
      case 1:
        text[at] = "0123456789<>/\"=&;-+.eE \n"[random.integer(0, 23)];
        break;
      case 2:
        text.erase(at, static_cast<std::size_t>(random.integer(1, 40)));
        break;
      case 3:
        text.insert(at, text.substr(at / 2, static_cast<std::size_t>(random.integer(1, 60))));
        break;
      case 4:
        text.resize(at);
        break;
      case 5:
        text.insert(at, static_cast<std::size_t>(random.integer(1, 30)),
                    "9<&-"[random.integer(0, 3)]);
        break;
      }
    }
    if (const auto state = load(text)) {
      ++read;
      // What was read is sane: it can be saved, and reads again as the same.
      const auto again = save_state(*state);
      const auto back = load_state(again.getData(), again.getSize());
      REQUIRE(back);
      REQUIRE(back->takes.all().size() == state->takes.all().size());
      for (const Take& take : state->takes.all())
        REQUIRE(take.place.range.length() > 0);
    }
  }
  CHECK(read > 1000); // or the test would show little
  CHECK(read < 99000);
}

TEST_CASE("a session folder that was moved is found by its name") {
  TemporaryFolder disk;
  const auto before = disk / "old project/session 1";
  auto state = full_state(before);
  for (const auto* name : {"source0.wav", "sub/result2.wav", "r.wav", "r2.wav"}) {
    before.getChildFile(name).create();
    CHECK(before.getChildFile(name).existsAsFile());
  }
  CHECK(missing_files(state).size() == 0); // the one take that is done is there
  REQUIRE((disk / "old project").moveFileTo(disk / "new project"));
  CHECK(missing_files(state).size() == 3);

  State lost(state);
  find_files(lost, {disk / "nowhere"});
  CHECK(lost.session_folder == before);
  for (const auto& where : {disk / "new project", disk / "new project/session 1",
                            disk / "new project/project.ardour"}) {
    State found(state);
    find_files(found, {disk / "nowhere", where});
    CHECK(missing_files(found).empty());
    CHECK(found.session_folder == disk / "new project/session 1");
    CHECK(found.takes.find("plugin-2")->result == disk / "new project/session 1/sub/result2.wav");
    CHECK(found.takes.find("plugin-3")->result == juce::File("/elsewhere/r.wav"));
    CHECK(found.takes.soloed() == "plugin-2");
    CHECK(found.captured.clips().size() == 2);
  }
}

} // namespace umtn::plugin::test
