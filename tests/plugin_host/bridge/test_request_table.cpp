#include "bridge/request_table.hpp"

#include <doctest/doctest.h>

namespace umtn::plugin::test {
namespace {

using State = Answer::State;

struct Asking {
  OnAnswer remember() {
    return [this](const Answer& answer) { answers.push_back(answer); };
  }
  void preview() { table.preview("default", "flute", remember(), 0.0); }
  void convert() { table.convert(juce::File("/in.mp3"), juce::File("/out.wav"), remember(), 0.0); }
  juce::String id() { // of the one that is due
    const auto messages = table.due(now);
    return messages.size() == 1 ? messages[0][0].getString() : juce::String();
  }
  void hear(const juce::OSCMessage& message) {
    table.receive(message.getAddressPattern().toString(), Arguments(message), now);
  }
  double now = 0.0;
  BridgeTiming timing;
  RequestTable table{timing};
  std::vector<Answer> answers;
};

} // namespace

TEST_CASE("a preview is asked for until it is there, and told once") {
  Asking asking;
  asking.preview();
  const auto message = asking.table.due(0.0).at(0);
  const auto id = message[0].getString();
  CHECK(message.getAddressPattern().toString() == "/umtn/preview");
  CHECK(message[1].getString() == "default");
  CHECK(message[2].getString() == "flute");
  CHECK(asking.table.due(0.1).empty());
  asking.now = 0.3;
  CHECK(asking.id() == id); // it was lost, or the answer was
  asking.hear({"/umtn/preview", id, juce::String("making")});
  REQUIRE(asking.answers.size() == 1);
  CHECK(asking.answers[0].state == State::waiting);
  asking.now = 1.0;
  CHECK(asking.id().isEmpty());
  asking.now = 3.0; // quiet for long: it is asked after
  CHECK(asking.id() == id);
  for (int n = 0; n < 2; ++n)
    asking.hear({"/umtn/preview", id, juce::String("ready"), juce::String("/cache/a.wav")});
  REQUIRE(asking.answers.size() == 2);
  CHECK(asking.answers[1].state == State::done);
  CHECK(asking.answers[1].file == juce::File("/cache/a.wav"));
  asking.now = 100.0;
  CHECK(asking.id().isEmpty());
}

TEST_CASE("a conversion tells what it made, or why not") {
  Asking asking;
  asking.convert();
  auto id = asking.id();
  asking.hear({"/umtn/converted", id, juce::String("/out.wav"), 44100, 2, 1000});
  REQUIRE(asking.answers.size() == 1);
  CHECK(asking.answers[0].state == State::done);
  CHECK(asking.answers[0].file == juce::File("/out.wav"));
  CHECK(asking.answers[0].rate == 44100.0);
  CHECK(asking.answers[0].channels == 2);
  CHECK(asking.answers[0].frames == 1000);
  asking.convert();
  id = asking.id();
  asking.hear({"/umtn/error", id, juce::String("audio"), juce::String("It is no audio.")});
  REQUIRE(asking.answers.size() == 2);
  CHECK(asking.answers[1].state == State::failed);
  CHECK(asking.answers[1].message == "It is no audio.");
}

TEST_CASE("a busy bridge is asked again; one that is silent is given up with a sentence") {
  Asking asking;
  asking.preview();
  const auto id = asking.id();
  asking.hear({"/umtn/error", id, juce::String("busy"), juce::String("Too much to do.")});
  asking.now = 1.0;
  CHECK(asking.id().isEmpty());
  asking.now = 2.5;
  CHECK(asking.id() == id);
  asking.table.expire(9.9, {});
  CHECK(asking.answers.size() == 1);
  asking.table.expire(10.1, {});
  REQUIRE(asking.answers.size() == 2);
  CHECK(asking.answers[1].state == State::failed);
  CHECK(asking.answers[1].message.isNotEmpty());
  CHECK(asking.table.due(100.0).empty());
}

TEST_CASE(
    "without a bridge its sentence is the answer, after a moment; a conversion may take long") {
  Asking asking;
  asking.preview();
  asking.table.expire(1.0, "No bridge.");
  CHECK(asking.answers.empty()); // it may just be coming
  asking.table.expire(4.0, "No bridge.");
  REQUIRE(asking.answers.size() == 1);
  CHECK(asking.answers[0].message == "No bridge.");
  asking.convert();
  asking.table.expire(100.0, {});
  CHECK(asking.answers.size() == 1);
  asking.table.expire(121.0, {});
  CHECK(asking.answers.size() == 2);
}

TEST_CASE("an older bridge, which knows neither, is said to be one") {
  Asking asking;
  asking.preview();
  asking.convert();
  const juce::String text = "There is no request '/umtn/preview'; see /umtn/... in docs/osc.md.";
  asking.hear({"/umtn/error", juce::String(), juce::String("bad_request"), text});
  REQUIRE(asking.answers.size() == 1); // the other may still be known
  CHECK(asking.answers[0].state == State::failed);
  CHECK(asking.answers[0].message.contains("older"));
}

} // namespace umtn::plugin::test
