#include "newest_message.hpp"

namespace umtn::plugin {

void NewestMessage::hear(News from, const juce::String& text) {
  auto& heard = heard_[static_cast<std::size_t>(from)];
  if (text != heard.text)
    heard = {text, ++count_, false};
}

void NewestMessage::go_on() {
  for (const auto from : {News::listening, News::preview})
    heard_[static_cast<std::size_t>(from)].read = true;
}

juce::String NewestMessage::newest() const {
  const Heard* newest = nullptr;
  for (const auto& heard : heard_)
    if (heard.text.isNotEmpty() && !heard.read &&
        (newest == nullptr || heard.number > newest->number))
      newest = &heard;
  return newest == nullptr ? juce::String() : newest->text;
}

} // namespace umtn::plugin
