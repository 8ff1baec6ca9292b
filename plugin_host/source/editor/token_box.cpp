#include "token_box.hpp"

namespace umtn::plugin {

TokenBox::TokenBox() {
  what_.set("This bridge asks for a password that it was started with (its token). Who started it "
            "knows it.");
  addAndMakeVisible(what_);
  addAndMakeVisible(editor_);
  editor_.setTitle("Token");
  editor_.setFont(Look::font());
  editor_.setColour(juce::TextEditor::backgroundColourId, colours::background);
  editor_.onReturnKey = [this] {
    const auto own = on_return; // this may go meanwhile
    if (own)
      own();
  };
  editor_.onEscapeKey = [this] {
    const auto own = on_escape;
    if (own)
      own();
  };
}

void TokenBox::resized() {
  const int words = what_.height(getWidth());
  what_.setBounds(0, 0, getWidth(), words);
  editor_.setBounds(0, words + 8, getWidth(), 28);
  if (words + 40 != getHeight())
    setSize(getWidth(), words + 40);
}

} // namespace umtn::plugin
