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
  viewport_.setWantsKeyboardFocus(false);
  content_.setFocusContainerType(FocusContainerType::focusContainer);
  setTitle("Takes");
  setDescription("The arrow keys choose a take");
  setWantsKeyboardFocus(true);
}

int TakeListView::row_of(const juce::String& take) const {
  for (std::size_t row = 0; row < rows_.size(); ++row)
    if (rows_[row]->id() == take)
      return static_cast<int>(row);
  return -1;
}

void TakeListView::choose(const juce::String& take) {
  chosen_ = take;
  show(CoreView(view_));
  if (const int row = row_of(take); row >= 0) {
    const auto bounds = rows_[static_cast<std::size_t>(row)]->getBounds();
    const auto seen = viewport_.getViewArea();
    if (bounds.getY() < seen.getY())
      viewport_.setViewPosition(0, bounds.getY());
    else if (bounds.getBottom() > seen.getBottom())
      viewport_.setViewPosition(0, bounds.getBottom() - seen.getHeight());
  }
}

void TakeListView::rename_chosen() {
  if (const int row = row_of(chosen_); row >= 0)
    rows_[static_cast<std::size_t>(row)]->rename();
}

bool TakeListView::choose_next(int down) {
  if (rows_.empty())
    return false;
  const int last = static_cast<int>(rows_.size()) - 1;
  const int row = row_of(chosen_);
  const int next = row < 0 ? 0 : juce::jlimit(0, last, row + down);
  choose(rows_[static_cast<std::size_t>(next)]->id());
  return true;
}

void TakeListView::show_grid(const Grid& grid) {
  if (grid.looks_like(grid_))
    return;
  grid_ = grid;
  show(CoreView(view_));
}

void TakeListView::show(const CoreView& view) {
  const int chosen_row = row_of(chosen_);
  const auto is_there = [&](const juce::String& id) {
    return std::any_of(view.takes.begin(), view.takes.end(),
                       [&](const Take& take) { return take.id == id; });
  };
  view_ = view;
  if (!is_there(chosen_)) // its place goes to the one below it
    chosen_ =
        view.takes.empty() || chosen_row < 0
            ? juce::String()
            : view.takes[view.takes.size() - 1 -
                         std::min(view.takes.size() - 1, static_cast<std::size_t>(chosen_row))]
                  .id;
  std::vector<std::unique_ptr<TakeRow>> rows;
  bool changed = rows_.size() != view.takes.size();
  for (std::size_t index = view.takes.size(); index-- > 0;) {
    const Take& take = view.takes[index];
    TakeRow::Shown shown = {take, view.soloed == take.id};
    shown.chosen = take.id == chosen_;
    shown.grid = grid_;
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
      changed = changed || known - rows_.begin() != static_cast<std::ptrdiff_t>(rows.size());
      rows.push_back(std::move(*known));
    } else {
      changed = true;
      rows.push_back(std::make_unique<TakeRow>(actions));
      content_.addAndMakeVisible(*rows.back());
    }
    const int before = rows.back()->height(content_.getWidth());
    rows.back()->show(shown);
    rows.back()->setExplicitFocusOrder(static_cast<int>(rows.size()));
    changed = changed || rows.back()->height(content_.getWidth()) != before;
  }
  rows_ = std::move(rows);
  if (!changed)
    return;
  lay_out();
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

void TakeListView::paintOverChildren(juce::Graphics& graphics) {
  if (!hasKeyboardFocus(false))
    return;
  graphics.setColour(colours::region.brighter(0.4f));
  graphics.drawRoundedRectangle(getLocalBounds().toFloat().reduced(1.0f), 4.0f, 2.0f);
}

void TakeListView::resized() {
  viewport_.setBounds(getLocalBounds());
  lay_out();
}

void TakeListView::lay_out() {
  const auto height_at = [&](int width) {
    int height = 0;
    for (const auto& row : rows_)
      height += row->height(width);
    return height;
  };
  int width = getWidth();
  if (height_at(width) > getHeight())
    width -= 14; // the scroll bar's
  content_.setSize(width, height_at(width));
  int y = 0;
  for (auto& row : rows_) {
    row->setBounds(0, y, width, row->height(width));
    y += row->getHeight();
  }
}

} // namespace umtn::plugin
