#include "take_row.hpp"

#include "timeline_view.hpp"

namespace umtn::plugin {

namespace {
constexpr int kHeight = 46, kNoteHeight = 20;
}

int TakeRow::height() const {
  return shown_.take.note.isEmpty() ? kHeight : kHeight + kNoteHeight;
}

TakeRow::TakeRow(const TakeActions& actions) : actions_(actions) {
  add(cancel_, actions.cancel, "Stops this translation");
  add(rival_, actions.next_rival, "Hears the next take of the same place, in turn");
  add(solo_, actions.solo, "Hears this take alone");
  add(mute_, actions.mute, "Hears what lies below this take");
  add(again_, actions.again, "Translates the same recording again, as it is set above");
  add(reveal_, actions.reveal, "Shows the translation's WAV in the file manager");
  add(remove_, actions.remove, "Takes it off the list; its files stay in the session folder");
}

void TakeRow::add(juce::TextButton& button, const TakeActions::Action& action,
                  const juce::String& tooltip) {
  addChildComponent(button);
  button.setTooltip(tooltip);
  button.setHasFocusOutline(true);
  button.onClick = [this, &action] {
    if (action)
      action(juce::String(id())); // a copy: the row may go
  };
}

void TakeRow::show(const Shown& shown) {
  shown_ = shown;
  const auto& take = shown.take;
  const bool done = take.state == TakeState::done;
  cancel_.setVisible(take.under_way());
  rival_.setVisible(done && shown.has_rivals);
  solo_.setVisible(done);
  solo_.setToggleState(shown.soloed, juce::dontSendNotification);
  mute_.setVisible(done);
  mute_.setToggleState(take.muted, juce::dontSendNotification);
  reveal_.setVisible(done);
  again_.setVisible(!take.under_way());
  remove_.setVisible(!take.under_way());
  setTitle((title() + ", " + status() + " " + take.note).trimEnd());
  const auto about =
      done ? "Drag it into a track to have the translation there: " + take.result.getFileName()
           : take.message;
  setTooltip((about + "\n" + take.note).trim());
  setMouseCursor(done ? juce::MouseCursor::DraggingHandCursor : juce::MouseCursor::NormalCursor);
  resized();
  repaint();
}

juce::String TakeRow::title() const {
  const auto& take = shown_.take;
  const auto start = static_cast<double>(take.place.range.start) / take.place.rate;
  const auto end = static_cast<double>(take.place.range.end) / take.place.rate;
  return take.settings.target + "   " + clock_time(start) + " to " + clock_time(end) + "   seed " +
         juce::String(take.settings.seed) +
         (take.settings.transpose == 0
              ? juce::String()
              : "   transposed " + transpose_text(take.settings.transpose));
}

juce::String TakeRow::status() const {
  const auto& take = shown_.take;
  switch (take.state) {
  case TakeState::queued:
    return take.message.isNotEmpty() ? take.message : juce::String("Waiting for its turn.");
  case TakeState::running: {
    auto text = juce::String(juce::roundToInt(take.fraction * 100.0f)) + " %";
    if (take.seconds_left >= 90.0f)
      text << ", about " << juce::roundToInt(take.seconds_left / 60.0f) << " minutes left";
    else if (take.seconds_left >= 0.0f)
      text << ", about " << juce::jmax(1, juce::roundToInt(take.seconds_left)) << " s left";
    return text;
  }
  case TakeState::failed:
    return take.message.isNotEmpty() ? take.message : juce::String("It failed.");
  case TakeState::cancelled:
    return "Cancelled.";
  case TakeState::done:
    break;
  }
  if (take.message.isNotEmpty())
    return take.message;
  return take.muted       ? "Muted."
         : shown_.covered ? "Not heard: another take is."
                          : "Heard in place of the input.";
}

void TakeRow::paint(juce::Graphics& graphics) {
  const auto& take = shown_.take;
  auto bounds = getLocalBounds().withTrimmedBottom(4);
  graphics.setColour(colours::panel);
  graphics.fillRoundedRectangle(bounds.toFloat(), 4.0f);
  if (take.state == TakeState::running) {
    graphics.setColour(colours::result.withAlpha(0.3f));
    graphics.fillRoundedRectangle(
        bounds.toFloat().withWidth(static_cast<float>(bounds.getWidth()) * take.fraction), 4.0f);
  }
  const bool trouble = take.state == TakeState::failed ||
                       (take.state == TakeState::done && take.message.isNotEmpty());
  const bool heard = take.state == TakeState::done && !take.muted && !shown_.covered;
  graphics.setColour(trouble ? colours::trouble : heard ? colours::result : colours::line);
  graphics.fillRoundedRectangle(bounds.removeFromLeft(4).toFloat(), 2.0f);

  if (take.note.isNotEmpty()) {
    graphics.setFont(Look::font(13.5f));
    graphics.setColour(colours::source);
    graphics.drawFittedText(
        take.note, bounds.removeFromBottom(kNoteHeight).withTrimmedLeft(10).withTrimmedRight(6),
        juce::Justification::topLeft, 1);
  }
  int right = bounds.getRight();
  for (const auto* button : {&cancel_, &rival_, &solo_, &mute_, &again_, &reveal_, &remove_})
    if (button->isVisible())
      right = std::min(right, button->getX());
  auto text = bounds.withTrimmedLeft(10).withRight(right - 8);
  graphics.setFont(Look::font());
  graphics.setColour(colours::text);
  graphics.drawText(title(), text.removeFromTop(text.getHeight() / 2).withTrimmedTop(3),
                    juce::Justification::centredLeft);
  graphics.setFont(Look::font(13.5f));
  graphics.setColour(trouble ? colours::trouble : colours::quiet_text);
  graphics.drawText(status(), text.withTrimmedBottom(3), juce::Justification::centredLeft);
}

void TakeRow::resized() {
  auto bounds = getLocalBounds().withHeight(kHeight).withTrimmedBottom(4).reduced(6, 8);
  for (auto* button : {&remove_, &reveal_, &again_, &mute_, &solo_, &rival_, &cancel_})
    if (button->isVisible()) {
      const int width = button == &reveal_ ? 78 : button == &rival_ ? 42 : 58;
      button->setBounds(bounds.removeFromRight(width));
      bounds.removeFromRight(4);
    }
}

void TakeRow::mouseDrag(const juce::MouseEvent& event) {
  if (shown_.take.state == TakeState::done && event.getDistanceFromDragStart() > 6 &&
      !juce::DragAndDropContainer::performExternalDragDropOfFiles(
          {shown_.take.result.getFullPathName()}, false, this))
    return;
}

} // namespace umtn::plugin
