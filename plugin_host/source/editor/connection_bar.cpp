#include "connection_bar.hpp"

namespace umtn::plugin {

ConnectionBar::ConnectionBar() {
  addAndMakeVisible(sentence_);
  sentence_.setMinimumHorizontalScale(1.0f);
  addChildComponent(start_);
  start_.setTooltip("Starts the program that translates, in the background. It serves all DAWs and "
                    "plugins, and stays when this window closes.");
  start_.onClick = [this] {
    if (on_start_bridge)
      on_start_bridge();
  };
  addChildComponent(token_);
  token_.setTooltip(
      "For a bridge whose address file this plugin may not read: the token that it was "
      "started with.");
  token_.onClick = [this] { ask_for_token(); };
  addChildComponent(log_);
  log_.setTooltip("Shows what the bridge wrote last, which tells more");
  log_.onClick = [this] {
    if (on_log)
      on_log(juce::File(log_file_));
  };
  for (auto* button : {&start_, &token_, &log_})
    button->setHasFocusOutline(true);
}

void ConnectionBar::show(const Connection& connection) {
  if (link_ != connection.link) {
    link_ = connection.link;
    repaint();
  }
  sentence_.setText(
      connection.connected() && connection.sentence.isEmpty()
          ? "Connected to the bridge" +
                (connection.version.isEmpty() ? juce::String() : " " + connection.version) + "."
          : connection.sentence,
      juce::dontSendNotification);
  sentence_.setTooltip(sentence_.getText());
  start_.setVisible(link_ == Link::absent || link_ == Link::stale || link_ == Link::not_answering);
  token_.setVisible(link_ == Link::wrong_token);
  log_file_ = connection.log;
  log_.setVisible(log_file_ != juce::File());
  resized();
}

void ConnectionBar::paint(juce::Graphics& graphics) {
  const bool waiting = link_ == Link::searching || link_ == Link::connecting;
  graphics.setColour(link_ == Link::connected ? colours::result
                     : waiting                ? colours::source
                                              : colours::trouble);
  graphics.fillEllipse(getLocalBounds().removeFromLeft(12).withSizeKeepingCentre(12, 12).toFloat());
}

void ConnectionBar::resized() {
  auto bounds = getLocalBounds().withTrimmedLeft(16);
  for (auto* button : {&start_, &token_, &log_})
    if (button->isVisible()) {
      button->setBounds(bounds.removeFromRight(button == &log_ ? 84 : 124));
      bounds.removeFromRight(8);
    }
  sentence_.setBounds(bounds);
}

void ConnectionBar::ask_for_token() {
  auto window = std::make_unique<juce::AlertWindow>(
      "The bridge's token", "Enter the token that the bridge was started with (--token-file).",
      juce::MessageBoxIconType::NoIcon, this);
  window->addTextEditor("token", {}, {}, true);
  window->addButton("OK", 1, juce::KeyPress(juce::KeyPress::returnKey));
  window->addButton("Cancel", 0, juce::KeyPress(juce::KeyPress::escapeKey));
  auto* const shown = window.release(); // deletes itself when it closes
  juce::Component::SafePointer<ConnectionBar> self(this);
  shown->enterModalState(true, juce::ModalCallbackFunction::create([self, shown](int button) {
                           if (button == 1 && self != nullptr && self->on_token)
                             self->on_token(shown->getTextEditorContents("token").trim());
                         }),
                         true);
}

} // namespace umtn::plugin
