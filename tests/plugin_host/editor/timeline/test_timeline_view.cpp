#include "../../support/support.hpp"
#include "../hands.hpp"

#include <doctest/doctest.h>

namespace umtn::plugin::test {
namespace {

constexpr double kRate = 48000.0;

Place place(double start, double end) {
  return {{std::llround(start * kRate), std::llround(end * kRate)}, kRate};
}

// The timeline alone in a window: ten seconds, a hundred pixels each.
struct Timeline {
  Timeline() {
    view.transport.rate = kRate;
    view.transport.has_position = true;
    timeline.setSize(1072, 222);
    timeline.addToDesktop(0);
    timeline.setVisible(true);
    timeline.on_region = [this](Place place) { region = place; };
    timeline.on_listen_locate = [this](double seconds) { listened.push_back(seconds); };
    timeline.on_import = [this](const std::vector<juce::File>& files, Place place) {
      imported = files;
      at = static_cast<double>(place.range.start) / place.rate;
    };
    timeline.show(view);
    zoom_to({0.0, 10.0});
  }

  void zoom_to(Seconds seconds) {
    view.captured = {{place(seconds.start, seconds.end), folder / "none.wav", 0, 1}};
    timeline.show(view);
    timeline.show_everything();
    REQUIRE(timeline.axis().shown().end >= seconds.end);
  }
  int x(double seconds) const { return 72 + juce::roundToInt(timeline.axis().x_of(seconds)); }
  juce::Point<int> lane(double seconds) const { return {x(seconds), 120}; }
  juce::Point<int> ruler(double seconds) const { return {x(seconds), 8}; }
  double start() const { return static_cast<double>(region->range.start) / kRate; }
  double end() const { return static_cast<double>(region->range.end) / kRate; }

  void with_beats() { // of half a second
    view.transport.has_beats = true;
    view.transport.bpm = 120.0;
    timeline.show_transport(view.transport);
  }
  void wheel(double at, float delta, juce::ModifierKeys with = {}) {
    juce::ModifierKeys::currentModifiers = with;
    timeline.getPeer()->handleMouseWheel(juce::MouseInputSource::InputSourceType::mouse,
                                         lane(at).toFloat(), juce::Time::currentTimeMillis(),
                                         {0.0f, delta, false, false, false});
    juce::ModifierKeys::currentModifiers = {};
    pump();
  }
  void drop(const juce::StringArray& files, double at) {
    juce::ComponentPeer::DragInfo info;
    info.files = files;
    info.position = lane(at);
    timeline.getPeer()->handleDragMove(info);
    pump();
    hovered = find_a<DropMark>(timeline) != nullptr;
    timeline.getPeer()->handleDragDrop(info);
    REQUIRE(soon([&] { return find_a<DropMark>(timeline) == nullptr; }));
    pump();
  }

  const TemporaryFolder folder;
  const Capture capture;
  Waveforms waveforms{capture};
  TimelineView timeline{waveforms};
  CoreView view;
  std::optional<Place> region;
  std::vector<double> listened;
  std::vector<juce::File> imported;
  double at = -1.0;
  bool hovered = false;
};

constexpr double kPixel = 0.012;

} // namespace

TEST_CASE("a drag makes the region, a drag of its edge changes it, a press does neither") {
  Timeline shown;
  drag(shown.timeline, shown.lane(2.0), shown.lane(5.0));
  REQUIRE(shown.region);
  CHECK(shown.start() == doctest::Approx(2.0).epsilon(kPixel));
  CHECK(shown.end() == doctest::Approx(5.0).epsilon(kPixel));
  CHECK(shown.listened.empty());

  drag(shown.timeline, shown.lane(5.0), shown.lane(7.0));
  CHECK(shown.start() == doctest::Approx(2.0).epsilon(kPixel));
  CHECK(shown.end() == doctest::Approx(7.0).epsilon(kPixel));
  drag(shown.timeline, shown.lane(2.0), shown.lane(9.0)); // over the other edge
  CHECK(shown.start() == doctest::Approx(7.0).epsilon(kPixel));
  CHECK(shown.end() == doctest::Approx(9.0).epsilon(kPixel));

  shown.region.reset();
  press_at(shown.timeline, shown.lane(4.0));
  CHECK_FALSE(shown.region);
  press_at(shown.timeline, shown.lane(6.0), juce::ModifierKeys::shiftModifier);
  REQUIRE(shown.region); // its nearer edge goes there
  CHECK(shown.start() == doctest::Approx(6.0).epsilon(kPixel));
  CHECK(shown.end() == doctest::Approx(9.0).epsilon(kPixel));
}

TEST_CASE("a press puts the plugin's own play head there while the host stands still") {
  Timeline shown;
  press_at(shown.timeline, shown.lane(4.0));
  REQUIRE(shown.listened.size() == 1);
  CHECK(shown.listened[0] == doctest::Approx(4.0).epsilon(kPixel));
  drag(shown.timeline, shown.ruler(1.0), shown.ruler(3.0)); // scrubs
  CHECK(shown.listened.size() > 3);
  CHECK(shown.listened.back() == doctest::Approx(3.0).epsilon(kPixel));
  CHECK_FALSE(shown.region);

  shown.timeline.show_listen(3.0);
  CHECK(find_a<plugin::PlayHead>(shown.timeline) != nullptr);
  shown.listened.clear();
  shown.view.transport.playing = true;
  shown.timeline.show_transport(shown.view.transport);
  press_at(shown.timeline, shown.lane(4.0));
  press_at(shown.timeline, shown.ruler(4.0));
  CHECK(shown.listened.empty());
}

TEST_CASE("drags snap to the host's beats, unless the switch or a key holds them off") {
  Timeline shown;
  CHECK_FALSE(find(shown.timeline, "Snap"));
  shown.with_beats();
  REQUIRE(find(shown.timeline, "Snap"));
  drag(shown.timeline, shown.lane(2.1), shown.lane(4.9));
  CHECK(shown.start() == 2.0);
  CHECK(shown.end() == 5.0);
  type(shown.timeline, juce::KeyPress(juce::KeyPress::rightKey));
  CHECK(shown.start() == 2.5);
  CHECK(shown.end() == 5.5);

  press(*find(shown.timeline, "Snap"));
  CHECK_FALSE(shown.timeline.snap());
  drag(shown.timeline, shown.lane(6.1), shown.lane(7.1));
  CHECK(shown.start() == doctest::Approx(6.1).epsilon(kPixel));
  type(shown.timeline, juce::KeyPress('n', {}, 'n'));
  CHECK(soon([&] { return shown.timeline.snap(); }));
  press_at(shown.timeline, shown.lane(7.9),
           juce::ModifierKeys::shiftModifier | juce::ModifierKeys::commandModifier);
  CHECK(shown.end() == doctest::Approx(7.9).epsilon(kPixel));
  CHECK(shown.end() != 8.0);
}

TEST_CASE(
    "the wheel zooms around the mouse and scrolls, keys and double presses zoom to the region") {
  Timeline shown;
  const auto everything = shown.timeline.axis().shown();
  drag(shown.timeline, shown.lane(6.0), shown.lane(8.0));
  const int there = shown.x(7.0);
  shown.wheel(7.0, 1.0f);
  CHECK(shown.timeline.axis().shown().length() == doctest::Approx(everything.length() / 2.0));
  CHECK(std::abs(shown.x(7.0) - there) <= 1);
  const double start = shown.timeline.axis().shown().start;
  shown.wheel(7.0, -0.5f, juce::ModifierKeys::shiftModifier);
  CHECK(shown.timeline.axis().shown().start > start);

  type(shown.timeline, juce::KeyPress('z', {}, 'z'));
  CHECK(shown.timeline.axis().shown().start == doctest::Approx(5.9).epsilon(kPixel));
  CHECK(shown.timeline.axis().shown().end == doctest::Approx(8.1).epsilon(kPixel));
  type(shown.timeline, juce::KeyPress('z', {}, 'z')); // and back
  CHECK(shown.timeline.axis().shown() == everything);
  press_at(shown.timeline, shown.lane(7.0), {}, 2);
  CHECK(shown.timeline.axis().shown().length() < 3.0);
  press_at(shown.timeline, shown.lane(7.0), {}, 2);
  CHECK(shown.timeline.axis().shown() == everything);
  type(shown.timeline, juce::KeyPress('+', {}, '+'));
  CHECK(shown.timeline.axis().shown().length() < everything.length());
  type(shown.timeline, juce::KeyPress(juce::KeyPress::homeKey));
  CHECK(shown.timeline.axis().shown() == everything);
}

TEST_CASE("dropped audio becomes the source at the play head") {
  Timeline shown;
  const auto one = shown.folder / "one.wav", two = shown.folder / "two.MP3",
             text = shown.folder / "text.txt";
  for (const auto& file : {one, two, text})
    file.replaceWithText("x");
  shown.view.transport.position = static_cast<Sample>(3.0 * kRate);
  shown.timeline.show_transport(shown.view.transport);
  const juce::String missing = (shown.folder / "gone.wav").getFullPathName();
  shown.drop({one.getFullPathName(), text.getFullPathName(), missing, two.getFullPathName()}, 7.0);
  CHECK(shown.hovered);
  CHECK(shown.imported == std::vector<juce::File>{one, two});
  CHECK(shown.at == doctest::Approx(3.0));

  shown.imported.clear();
  shown.drop({text.getFullPathName()}, 7.0);
  CHECK_FALSE(shown.hovered);
  CHECK(shown.imported.empty());
}

TEST_CASE("the view goes along with the play head, unless it was told not to") {
  Timeline shown;
  shown.timeline.zoom_to_region(); // there is none: nothing happens
  drag(shown.timeline, shown.lane(1.0), shown.lane(3.0));
  shown.timeline.zoom_to_region();
  shown.view.transport.playing = true;
  const auto play_to = [&](double seconds) {
    shown.view.transport.position = static_cast<Sample>(seconds * kRate);
    shown.timeline.show_transport(shown.view.transport);
  };
  play_to(2.0);
  play_to(3.5);
  CHECK(shown.timeline.axis().shown().start > 3.0);
  type(shown.timeline, juce::KeyPress('f', {}, 'f'));
  const auto kept = shown.timeline.axis().shown();
  play_to(9.0);
  CHECK(shown.timeline.axis().shown() == kept);
}

TEST_CASE("what lies at no time that a song has neither hangs the view nor spoils it") {
  Timeline shown;
  Take take;
  take.id = "late";
  take.state = TakeState::running;
  take.fraction = 0.5f;
  take.place = place(1e10, 1e10 + 5.0);
  shown.view.takes = {take};
  take.place = {{0, std::numeric_limits<Sample>::max()}, 0.0};
  shown.view.takes.push_back(take);
  const auto before = steady_seconds();
  shown.timeline.show(shown.view);
  shown.timeline.show_everything();
  CHECK(shown.timeline.axis().shown().end < 20.0);
  shown.view.region = place(1e10, 1e10 + 5.0);
  shown.view.transport.position = static_cast<Sample>(1e10 * kRate);
  shown.view.transport.playing = true;
  shown.with_beats();
  shown.timeline.show(shown.view);
  shown.timeline.zoom_to_region();
  shown.timeline.createComponentSnapshot(shown.timeline.getLocalBounds());
  shown.timeline.show_everything();
  shown.timeline.createComponentSnapshot(shown.timeline.getLocalBounds());
  CHECK(shown.timeline.axis().shown().end < 20.0);
  CHECK(steady_seconds() - before < 1.0);
}

TEST_CASE("an hour of audio is zoomed in the time of a frame") {
  Timeline shown;
  const auto file = shown.folder / "hour.wav";
  {
    auto writer = WavWriter::create(file, 8000.0, 2, 0);
    Random random(3);
    const auto minute = noise(random, 2, 8000 * 60);
    for (int n = 0; n < 60; ++n)
      REQUIRE(writer->write(minute.getArrayOfReadPointers(), minute.getNumSamples()));
  }
  shown.view.captured = {{{{0, 8000 * 3600}, 8000.0}, file, 0, 2}};
  shown.timeline.show(shown.view);
  shown.timeline.show_everything();
  REQUIRE(soon([&] {
    shown.timeline.show_transport(shown.view.transport);
    const auto made = shown.waveforms.of(file).peaks;
    return made != nullptr && made->length() == 8000 * 3600;
  }));
  std::vector<double> taken;
  for (int round = 0; round < 40; ++round) {
    const auto before = steady_seconds();
    shown.wheel(1800.0, round % 20 < 10 ? 0.7f : -0.7f);
    taken.push_back(steady_seconds() - before - 0.05); // that it lets messages come
  }
  std::sort(taken.begin(), taken.end());
  CHECK(taken[20] < 0.016);
}

} // namespace umtn::plugin::test
