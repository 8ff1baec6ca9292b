// All takes, the newest first. One of them may be chosen: keys mean that one.
#pragma once

#include "../core.hpp"
#include "take_row.hpp"

namespace umtn::plugin {

class TakeListView : public juce::Component {
public:
  TakeListView();

  void show(const CoreView& view);
  // Where takes lie is said in the ruler's words.
  void show_grid(const Grid& grid);
  const juce::String& chosen() const { return chosen_; } // its id, or empty
  void choose(const juce::String& take);
  void rename_chosen();
  bool choose_next(int down); // -1: the one above; whether there is any
  void paint(juce::Graphics& graphics) override;
  void resized() override;

  TakeActions actions;

  void focusGained(FocusChangeType) override { repaint(); }
  void focusLost(FocusChangeType) override { repaint(); }
  void paintOverChildren(juce::Graphics& graphics) override;

private:
  void lay_out();
  int row_of(const juce::String& take) const; // -1: none
  // Rows stay as long as their takes, so that the keyboard's focus does too.
  std::vector<std::unique_ptr<TakeRow>> rows_;
  juce::Component content_;
  juce::Viewport viewport_;
  CoreView view_;
  Grid grid_;
  juce::String chosen_;
};

} // namespace umtn::plugin
