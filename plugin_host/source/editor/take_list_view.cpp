#include "take_list_view.hpp"

#include <algorithm>

namespace umtn::plugin {

namespace {

bool audible(const CoreView& view, const Take& take) {
  return take.state == TakeState::done && !take.muted &&
         (view.soloed.isEmpty() || view.soloed == take.id);
}

bool overlap(const Take& one, const Take& other) {
  return one.place.range.overlaps(other.place.at(one.place.rate));
}

} // namespace

TakeListView::TakeListView() {
  addAndMakeVisible(viewport_);
  viewport_.setViewedComponent(&content_, false);
  viewport_.setScrollBarsShown(true, false);
  viewport_.setScrollBarThickness(10);
  content_.setTitle("Takes");
  content_.setFocusContainerType(FocusContainerType::focusContainer);
}

void TakeListView::show(const CoreView& view) {
  std::vector<std::unique_ptr<TakeRow>> rows;
  for (std::size_t index = view.takes.size(); index-- > 0;) {
    const Take& take = view.takes[index];
    TakeRow::Shown shown = {take, view.soloed == take.id};
    shown.covered = take.state == TakeState::done && !audible(view, take) && !take.muted;
    for (std::size_t other = 0; other < view.takes.size(); ++other) {
      const Take& rival = view.takes[other];
      if (other == index || rival.state != TakeState::done || !overlap(take, rival))
        continue;
      shown.has_rivals = true;
      shown.covered = shown.covered || (other > index && audible(view, rival));
    }
    const auto known = std::find_if(rows_.begin(), rows_.end(), [&](const auto& row) {
      return row != nullptr && row->id() == take.id;
    });
    if (known != rows_.end()) {
      rows.push_back(std::move(*known));
    } else {
      rows.push_back(std::make_unique<TakeRow>(actions));
      content_.addAndMakeVisible(*rows.back());
    }
    rows.back()->show(shown);
    rows.back()->setExplicitFocusOrder(static_cast<int>(rows.size()));
  }
  rows_ = std::move(rows);
  resized();
  repaint();
}

void TakeListView::paint(juce::Graphics& graphics) {
  if (!rows_.empty())
    return;
  graphics.setColour(colours::quiet_text);
  graphics.setFont(Look::font());
  graphics.drawFittedText("Takes are listed here. Drag one into a track to have its WAV there.",
                          getLocalBounds().reduced(12), juce::Justification::centred, 2);
}

void TakeListView::resized() {
  viewport_.setBounds(getLocalBounds());
  int height = 0;
  for (const auto& row : rows_)
    height += row->height();
  content_.setSize(getWidth() - (height > getHeight() ? 14 : 0), height);
  int y = 0;
  for (auto& row : rows_) {
    row->setBounds(0, y, content_.getWidth(), row->height());
    y += row->height();
  }
}

} // namespace umtn::plugin
