// Where the bridge's token is written.
#pragma once

#include "wrapped_text.hpp"

#include <functional>

namespace umtn::plugin {

class TokenBox : public juce::Component {
public:
  TokenBox();

  std::function<void()> on_return, on_escape;

  juce::String token() const { return editor_.getText().trim(); }
  void resized() override;
  void begin() { editor_.grabKeyboardFocus(); }

private:
  WrappedText what_;
  juce::TextEditor editor_{"Token", 0x2022};
};

} // namespace umtn::plugin
