// What travels between plugin and bridge, as values.
#pragma once

#include "../takes/take.hpp"

#include <functional>
#include <vector>

namespace umtn::plugin {

struct Model {
  juce::String name;
  juce::StringArray targets;
  juce::String licence;
  juce::StringArray engines;

  bool operator==(const Model& other) const {
    return name == other.name && targets == other.targets && licence == other.licence &&
           engines == other.engines;
  }
};

enum class Link {
  searching,
  absent,
  stale,
  connecting,
  connected,
  not_answering,
  wrong_token,
  wrong_protocol
};

// The connection light and its sentence.
struct Connection {
  Link link = Link::searching;
  juce::String sentence;     // says what is wrong and what to do; empty when all is well
  juce::String version;      // the bridge's
  juce::File session_folder; // the bridge's
  std::vector<Model> models; // empty until they are known
  juce::File log;            // where the bridge tells more of what is wrong; none: nowhere

  bool connected() const { return link == Link::connected; }
};

struct RenderRequest {
  juce::String id;
  juce::File input, output;
  RenderSettings settings;
};

// News of a job.
struct JobUpdate {
  juce::String id;
  TakeState state = TakeState::queued;
  float fraction = 0.0f;
  float seconds_left = -1.0f;
  juce::File output;
  juce::String code, message; // of an error, or what it waits for
  juce::String note;          // empty: nothing, or nothing new
  juce::String offer;         // the transposition that would help; empty likewise
};

// What comes of a preview or a conversion.
struct Answer {
  enum class State { waiting, done, failed };
  State state = State::waiting;
  juce::String message; // of a failure: what went wrong and what to do, in a sentence
  juce::File file;      // what was made
  // Of a converted file.
  double rate = 0.0;
  int channels = 0;
  juce::int64 frames = 0;
};
// Called with State::waiting any number of times, and then once with another.
using OnAnswer = std::function<void(const Answer&)>;

} // namespace umtn::plugin
