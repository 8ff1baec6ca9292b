#include "previews.hpp"

namespace umtn::plugin {

void Previews::request(const juce::String& model, const juce::String& target) {
  unsigned number = 0;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    preview_ = {model, target, Preview::State::making, {}};
    number = ++requests_;
  }
  listen_.stop(); // what was played before
  ask_(model, target, [this, number](const Answer& answer) { receive(number, answer); });
}

void Previews::receive(unsigned number, const Answer& answer) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (number != requests_ || preview_.state != Preview::State::making ||
      answer.state == Answer::State::waiting)
    return;
  preview_.state = Preview::State::failed;
  if (answer.state == Answer::State::failed) {
    preview_.message = answer.message;
  } else if (host_rolls_()) {
    preview_.message = "Stop the host, and ask again: a preview sounds while nothing else plays.";
  } else {
    preview_.state = Preview::State::playing;
    listen_.play(answer.file);
  }
}

Preview Previews::current() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  Preview preview = preview_;
  if (preview.state == Preview::State::playing && !listen_.playing_file()) {
    preview.message = listen_.message();
    preview.state = preview.message.isEmpty() ? Preview::State::none : Preview::State::failed;
  }
  return preview;
}

} // namespace umtn::plugin
