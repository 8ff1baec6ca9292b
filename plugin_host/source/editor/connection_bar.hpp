// Whether the bridge is there, and what to do if not.
#pragma once

#include "../bridge/messages.hpp"
#include "wrapped_text.hpp"

#include <functional>

namespace umtn::plugin {

// In one line, or where its sentence is longer, in a few: a word, and below it the sentence whole.
class ConnectionBar : public juce::Component {
public:
  // At the right of its first line, so much belongs to others.
  explicit ConnectionBar(int others);

  void show(const Connection& connection);
  int height(int width) const;
  void paint(juce::Graphics& graphics) override;
  void resized() override;

  static constexpr int kRow = 28;

  std::function<void()> on_start_bridge;
  std::function<void()> on_token; // somebody wants to enter it
  std::function<void(const juce::File&)> on_log;

private:
  int room(int width) const; // for words in the first line

  const int others_;
  Link link_ = Link::searching;
  WrappedText word_, sentence_;
  juce::TextButton start_{"Start bridge"}, token_{"Enter token..."}, log_{"Show log"};
  juce::File log_file_;
};

} // namespace umtn::plugin
