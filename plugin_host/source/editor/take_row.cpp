#include "take_row.hpp"

#include "shortcuts.hpp"
#include "take_words.hpp"

namespace umtn::plugin {

namespace {
constexpr int kHeight = 46, kNoteLine = 18, kOffer = 190;
const float kNoteFont = 13.5f;

bool is_heard(const TakeRow::Shown& shown) {
  return shown.take.state == TakeState::done && !shown.take.muted && !shown.covered;
}

bool is_trouble(const Take& take) {
  return take.state == TakeState::failed ||
         (take.state == TakeState::done && take.message.isNotEmpty());
}

} // namespace

TakeRow::TakeRow(const TakeActions& actions)
    : actions_(actions), cancel_(Icon::cancel, "Cancel", "stops this translation"),
      rival_(Icon::next_take, "Next take here", "hears another take of the same place, in turn"),
      solo_(Icon::solo, "Solo", "hears this take alone"),
      mute_(Icon::mute, "Mute", "hears what lies below this take"),
      again_(Icon::again, "Again", "translates the same recording again, as it is set above"),
      reveal_(Icon::folder, "Show file", "shows the translation's WAV in the file manager"),
      remove_(Icon::bin, "Delete", "takes it off the list; its files stay in the session folder"),
      more_(Icon::more, "More", "all that can be done with this take") {
  add(cancel_, actions.cancel);
  add(rival_, actions.next_rival);
  add(solo_, actions.solo);
  add(mute_, actions.mute);
  add(again_, actions.again);
  add(reveal_, actions.reveal);
  add(remove_, actions.remove);
  add(offer_, actions.again_as_offered);
  addAndMakeVisible(more_);
  more_.onClick = [this] { show_menu(); };
  addChildComponent(name_);
  name_.setTitle("Name");
  name_.setColour(juce::Label::backgroundWhenEditingColourId, colours::background);
  name_.setColour(juce::Label::outlineWhenEditingColourId, colours::region);
  name_.setBorderSize({0, 2, 0, 2});
  name_.onTextChange = [this] {
    if (actions_.rename)
      actions_.rename(juce::String(id()), name_.getText().trim());
  };
  name_.onEditorHide = [this] { name_.setVisible(false); };
  offer_.setHasFocusOutline(true);
  offer_.setTooltip("Translates the same recording again, transposed as the bridge offers");
}

void TakeRow::add(juce::Button& button, const TakeActions::Action& action) {
  addChildComponent(button);
  button.onClick = [this, &action] {
    if (action)
      action(juce::String(id())); // a copy: the row may go
  };
}

juce::String TakeRow::title() const {
  return title_of(shown_.take, shown_.grid);
}

juce::String TakeRow::status() const {
  return status_of(shown_.take, shown_.covered);
}

juce::String TakeRow::face() const {
  const auto& take = shown_.take;
  juce::String face =
      juce::StringArray{title(), status(), take.note, take.offer}.joinIntoString("\n");
  face << static_cast<int>(take.state) << juce::roundToInt(take.fraction * 200.0f) << " "
       << (shown_.soloed ? 's' : '-') << (shown_.covered ? 'c' : '-')
       << (shown_.has_rivals ? 'r' : '-') << (shown_.chosen ? 'o' : '-') << (take.muted ? 'm' : '-')
       << take.result.getFullPathName();
  return face;
}

void TakeRow::show(const Shown& shown) {
  shown_ = shown;
  const auto now = face();
  if (now == face_)
    return;
  face_ = now;
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
  offer_.setButtonText(words_of_offer(take.offer));
  offer_.setVisible(has_offer());
  setTitle((title() + ", " + status() + " " + take.note).trimEnd());
  const auto about =
      done ? "Drag it into a track to have the translation there: " + take.result.getFileName()
           : take.message;
  setTooltip((about + "\n" + take.note).trim());
  setMouseCursor(done ? juce::MouseCursor::DraggingHandCursor : juce::MouseCursor::NormalCursor);
  resized();
  repaint();
}

void TakeRow::rename() {
  name_.setText(shown_.take.name, juce::dontSendNotification);
  name_.setVisible(true);
  name_.showEditor();
}

bool TakeRow::has_offer() const {
  return shown_.take.offer.isNotEmpty() && !shown_.take.under_way();
}

int TakeRow::note_height(int width) const {
  if (shown_.take.note.isEmpty())
    return 0;
  const int words = Look::font(kNoteFont).getStringWidth(shown_.take.note) + 8;
  const int room = std::max(60, width - 18 - (has_offer() ? kOffer + 10 : 0));
  const int lines = words <= room ? 1 : 1.06 * words <= 2.0 * room ? 2 : 3; // words break early
  return std::max(lines * kNoteLine + 6, has_offer() ? 30 : 0);
}

int TakeRow::height(int width) const {
  return kHeight + note_height(width);
}

juce::Rectangle<int> TakeRow::text_area() const {
  int right = getWidth();
  for (const auto* button :
       {&cancel_, &rival_, &solo_, &mute_, &again_, &reveal_, &remove_, &more_})
    if (button->isVisible())
      right = std::min(right, button->getX());
  return juce::Rectangle<int>(14, 3, std::max(0, right - 22), kHeight - 10);
}

void TakeRow::paint(juce::Graphics& graphics) {
  const auto& take = shown_.take;
  auto bounds = getLocalBounds().withTrimmedBottom(4);
  graphics.setColour(shown_.chosen ? colours::raised.interpolatedWith(colours::panel, 0.5f)
                                   : colours::panel);
  graphics.fillRoundedRectangle(bounds.toFloat(), 4.0f);
  if (take.state == TakeState::running) {
    graphics.setColour(colours::result.withAlpha(0.3f));
    graphics.fillRoundedRectangle(
        bounds.toFloat().withWidth(static_cast<float>(bounds.getWidth()) * take.fraction), 4.0f);
  }
  if (shown_.chosen) {
    graphics.setColour(colours::region);
    graphics.drawRoundedRectangle(bounds.toFloat().reduced(0.75f), 4.0f, 1.5f);
  }
  const bool trouble = is_trouble(take);
  graphics.setColour(trouble            ? colours::trouble
                     : is_heard(shown_) ? colours::result
                                        : colours::line);
  graphics.fillRoundedRectangle(bounds.removeFromLeft(4).toFloat(), 2.0f);

  if (take.note.isNotEmpty()) {
    graphics.setFont(Look::font(kNoteFont));
    graphics.setColour(colours::source);
    auto note =
        bounds.removeFromBottom(note_height(getWidth())).withTrimmedLeft(10).withTrimmedRight(6);
    if (has_offer())
      note.removeFromRight(kOffer + 10);
    graphics.drawFittedText(take.note, note, juce::Justification::topLeft, 3, 1.0f);
  }
  auto text = text_area();
  graphics.setFont(Look::font());
  graphics.setColour(colours::text);
  const auto top = text.removeFromTop(text.getHeight() / 2);
  graphics.drawText(title(), top, juce::Justification::centredLeft);
  graphics.setFont(Look::font(kNoteFont));
  graphics.setColour(trouble ? colours::trouble : colours::quiet_text);
  graphics.drawText(status(), text, juce::Justification::centredLeft);
}

void TakeRow::resized() {
  auto bounds = getLocalBounds().withHeight(kHeight).withTrimmedBottom(4).reduced(6, 6);
  for (auto* button : {&more_, &remove_, &reveal_, &again_, &mute_, &solo_, &rival_, &cancel_})
    if (button->isVisible()) {
      button->setBounds(bounds.removeFromRight(IconButton::kWidth));
      bounds.removeFromRight(4);
    }
  if (offer_.isVisible())
    offer_.setBounds(getWidth() - kOffer - 8, kHeight - 4, kOffer, 26);
  name_.setBounds(text_area().removeFromTop(20).translated(-2, 0));
}

void TakeRow::mouseDown(const juce::MouseEvent& event) {
  if (actions_.choose)
    actions_.choose(juce::String(id()));
  if (event.mods.isPopupMenu())
    show_menu();
}

void TakeRow::mouseDrag(const juce::MouseEvent& event) {
  if (shown_.take.state == TakeState::done && event.getDistanceFromDragStart() > 6 &&
      !juce::DragAndDropContainer::performExternalDragDropOfFiles(
          {shown_.take.result.getFullPathName()}, false, this))
    return;
}

void TakeRow::show_menu() {
  juce::PopupMenu menu;
  const auto item = [&](const juce::Button& button, const TakeActions::Action& action,
                        std::optional<Command> command = std::nullopt, bool ticked = false) {
    if (!button.isVisible() || !action)
      return;
    juce::PopupMenu::Item item(button.getTitle().isNotEmpty() ? button.getTitle()
                                                              : button.getButtonText());
    if (command)
      item.shortcutKeyDescription = key_of(*command);
    // A menu calls a little later than it was pressed, when the window may be gone.
    menu.addItem(item.setTicked(ticked).setAction(
        [action, take = id(), list = SafePointer<juce::Component>(getParentComponent())] {
          if (list != nullptr)
            action(take);
        }));
  };
  item(cancel_, actions_.cancel, Command::remove);
  item(rival_, actions_.next_rival, Command::next_take);
  item(solo_, actions_.solo, Command::solo, shown_.soloed);
  item(mute_, actions_.mute, Command::mute, shown_.take.muted);
  menu.addSeparator();
  item(again_, actions_.again);
  item(offer_, actions_.again_as_offered);
  item(reveal_, actions_.reveal);
  juce::PopupMenu::Item rename("Rename");
  rename.shortcutKeyDescription = key_of(Command::rename);
  menu.addItem(rename.setAction([row = SafePointer<TakeRow>(this)] {
    if (row != nullptr)
      row->rename();
  }));
  menu.addSeparator();
  item(remove_, actions_.remove, Command::remove);
  menu.showMenuAsync(
      juce::PopupMenu::Options().withTargetComponent(more_).withDeletionCheck(*this));
}

} // namespace umtn::plugin
