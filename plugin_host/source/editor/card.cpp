#include "card.hpp"

namespace umtn::plugin {
namespace {

constexpr int kMargin = 18, kTitle = 30, kButton = 30, kLeft = 136, kGap = 10;

std::unique_ptr<juce::Label> label(const juce::String& text, juce::Colour colour) {
  auto made = std::make_unique<juce::Label>(juce::String(), text);
  made->setColour(juce::Label::textColourId, colour);
  made->setJustificationType(juce::Justification::topLeft);
  made->setBorderSize({});
  made->setMinimumHorizontalScale(1.0f);
  return made;
}

int height_of(const juce::String& text, int width) {
  juce::AttributedString words;
  words.append(text, Look::font());
  juce::TextLayout layout;
  layout.createLayout(words, static_cast<float>(std::max(40, width - 4)));
  return std::max(20, static_cast<int>(std::ceil(layout.getHeight())) + 4);
}

} // namespace

CardLines::CardLines(const std::vector<Card::Line>& lines) {
  for (const auto& line : lines) {
    const bool whole = line.right.isEmpty();
    left_.push_back(label(line.left, whole ? colours::text : colours::source));
    right_.push_back(label(line.right, colours::text));
    addAndMakeVisible(*left_.back());
    if (!whole)
      addAndMakeVisible(*right_.back());
  }
}

void CardLines::resized() {
  int y = 0;
  for (std::size_t n = 0; n < left_.size(); ++n) {
    const bool whole = right_[n]->getText().isEmpty();
    const int left = whole ? getWidth() : std::min(kLeft, getWidth() / 3);
    const int right = getWidth() - left - kGap;
    const int height = std::max(height_of(left_[n]->getText(), left),
                                whole ? 0 : height_of(right_[n]->getText(), right));
    left_[n]->setBounds(0, y, left, height);
    right_[n]->setBounds(left + kGap, y, right, height);
    y += height + 4;
  }
  if (y != getHeight())
    setSize(getWidth(), y);
}

Card::Card(Content content)
    : Card(content.title, std::make_unique<CardLines>(content.lines), std::move(content.buttons)) {}

Card::Card(const juce::String& title, std::unique_ptr<juce::Component> part,
           std::vector<Button> buttons)
    : part_(std::move(part)) {
  setTitle(title);
  setFocusContainerType(FocusContainerType::keyboardFocusContainer);
  setWantsKeyboardFocus(true);
  title_.setText(title, juce::dontSendNotification);
  title_.setFont(Look::font(19.0f));
  title_.setBorderSize({});
  addAndMakeVisible(title_);
  viewport_.setViewedComponent(part_.get(), false);
  viewport_.setScrollBarsShown(true, false);
  viewport_.setScrollBarThickness(10);
  addAndMakeVisible(viewport_);
  buttons.push_back({"Close", nullptr});
  add_buttons(std::move(buttons));
}

void Card::add_buttons(std::vector<Button> buttons) {
  for (auto& button : buttons) {
    buttons_.push_back(std::make_unique<juce::TextButton>(button.text));
    auto& made = *buttons_.back();
    made.setHasFocusOutline(true);
    made.onClick = [this, pressed = std::move(button.pressed)] {
      const auto own = pressed; // the card may go meanwhile, and this function with it
      own ? own() : close();
    };
    addAndMakeVisible(made);
  }
}

void Card::close() {
  const auto own = on_close;
  if (own)
    own(); // the card is gone now
}

juce::Rectangle<int> Card::area() const {
  const auto all = getLocalBounds();
  const int wanted = part_->getHeight() + 2 * kMargin + kTitle + kButton + 16;
  return all.withSizeKeepingCentre(std::min(560, all.getWidth() - 24),
                                   std::clamp(wanted, 120, std::max(120, all.getHeight() - 24)));
}

void Card::paint(juce::Graphics& graphics) {
  graphics.fillAll(colours::background.withAlpha(0.8f));
  graphics.setColour(colours::panel);
  graphics.fillRoundedRectangle(area().toFloat(), 6.0f);
  graphics.setColour(colours::line);
  graphics.drawRoundedRectangle(area().toFloat(), 6.0f, 1.0f);
}

void Card::resized() {
  part_->setSize(std::min(560, getWidth() - 24) - 2 * kMargin - 12, part_->getHeight());
  auto bounds = area().reduced(kMargin);
  title_.setBounds(bounds.removeFromTop(kTitle));
  auto row = bounds.removeFromBottom(kButton);
  for (auto button = buttons_.rbegin(); button != buttons_.rend(); ++button) {
    (*button)->setBounds(row.removeFromRight((*button)->getBestWidthForHeight(kButton) + 16));
    row.removeFromRight(8);
  }
  viewport_.setBounds(bounds.withTrimmedBottom(12));
}

bool Card::keyPressed(const juce::KeyPress& key) {
  if (key == juce::KeyPress::escapeKey) {
    close();
    return true;
  }
  return viewport_.keyPressed(key);
}

void Card::mouseDown(const juce::MouseEvent& event) {
  if (!area().contains(event.getPosition()))
    close();
}

} // namespace umtn::plugin
