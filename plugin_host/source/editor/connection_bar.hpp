// Whether the bridge is there, and what to do if not.
#pragma once

#include "../bridge/messages.hpp"
#include "look.hpp"

#include <functional>

namespace umtn::plugin {

class ConnectionBar : public juce::Component {
public:
  ConnectionBar();

  void show(const Connection& connection);
  void paint(juce::Graphics& graphics) override;
  void resized() override;

  std::function<void()> on_start_bridge;
  std::function<void(const juce::String&)> on_token;
  std::function<void(const juce::File&)> on_log;

private:
  void ask_for_token();
  Link link_ = Link::searching;
  juce::Label sentence_;
  juce::TextButton start_{"Start bridge"}, token_{"Enter token..."}, log_{"Show log"};
  juce::File log_file_;
};

} // namespace umtn::plugin
