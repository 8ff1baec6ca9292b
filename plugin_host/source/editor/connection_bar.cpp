#include "connection_bar.hpp"

namespace umtn::plugin {
namespace {

constexpr int kLight = 16, kButton = 124, kLog = 84, kGap = 8;

juce::String word_of(Link link) {
  switch (link) {
  case Link::absent:
    return "No bridge";
  case Link::stale:
    return "The bridge has ended";
  case Link::not_answering:
    return "No answer from the bridge";
  case Link::wrong_token:
    return "The bridge wants its token";
  case Link::wrong_protocol:
    return "The bridge is of another version";
  case Link::searching:
  case Link::connecting:
  case Link::connected:
    break;
  }
  return {};
}

} // namespace

ConnectionBar::ConnectionBar(int others) : others_(others) {
  addChildComponent(word_);
  addAndMakeVisible(sentence_);
  addChildComponent(start_);
  start_.setTooltip("Starts the program that translates, in the background. It serves all DAWs and "
                    "plugins, and stays when this window closes.");
  start_.onClick = [this] {
    if (on_start_bridge)
      on_start_bridge();
  };
  addChildComponent(token_);
  token_.setTooltip("For a bridge that was started with a password of its own");
  token_.onClick = [this] {
    if (on_token)
      on_token();
  };
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
  word_.set(word_of(link_));
  sentence_.set(
      connection.connected() && connection.sentence.isEmpty()
          ? "Connected to the bridge" +
                (connection.version.isEmpty() ? juce::String() : " " + connection.version) + "."
          : connection.sentence);
  sentence_.setTooltip(sentence_.text());
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
  const auto row = getLocalBounds().removeFromTop(kRow);
  graphics.fillEllipse(row.withWidth(12).withSizeKeepingCentre(12, 12).toFloat());
}

int ConnectionBar::room(int width) const {
  width -= kLight + others_;
  for (const auto* button : {&start_, &token_, &log_})
    if (button->isVisible())
      width -= (button == &log_ ? kLog : kButton) + kGap;
  return width;
}

int ConnectionBar::height(int width) const {
  return sentence_.fits_one_line(room(width)) ? kRow : kRow + sentence_.height(width - kLight);
}

void ConnectionBar::resized() {
  auto bounds = getLocalBounds().withTrimmedLeft(kLight);
  auto row = bounds.removeFromTop(kRow);
  const auto words = row.withWidth(room(getWidth()));
  row.removeFromRight(others_);
  for (auto* button : {&start_, &token_, &log_})
    if (button->isVisible()) {
      button->setBounds(row.removeFromRight(button == &log_ ? kLog : kButton));
      row.removeFromRight(kGap);
    }
  const bool one = sentence_.fits_one_line(words.getWidth());
  word_.setVisible(!one && word_.text().isNotEmpty());
  word_.setBounds(words);
  sentence_.setBounds(one ? words : bounds);
}

} // namespace umtn::plugin
