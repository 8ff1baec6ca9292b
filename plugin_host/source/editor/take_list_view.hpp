// All takes, the newest first.
#pragma once

#include "../core.hpp"
#include "take_row.hpp"

namespace umtn::plugin {

class TakeListView : public juce::Component {
public:
  TakeListView();

  void show(const CoreView& view);
  void paint(juce::Graphics& graphics) override;
  void resized() override;

  TakeActions actions;

private:
  // Rows stay as long as their takes, so that the keyboard's focus does too.
  std::vector<std::unique_ptr<TakeRow>> rows_;
  juce::Component content_;
  juce::Viewport viewport_;
};

} // namespace umtn::plugin
