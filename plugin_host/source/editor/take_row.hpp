// One take: what it is, how far it is, and what can be done with it.
#pragma once

#include "../takes/take.hpp"
#include "icon_button.hpp"
#include "look.hpp"
#include "timeline/grid.hpp"

#include <functional>
#include <optional>

namespace umtn::plugin {

// What becomes of a take is said by its id: the row may be gone by then.
struct TakeActions {
  using Action = std::function<void(const juce::String& id)>;
  Action cancel, remove, reveal, solo, mute, next_rival, again, again_as_offered, choose;
  std::function<void(const juce::String& id, const juce::String& name)> rename;
};

// Dragging it drags the WAV out of the window, into a track or a folder.
class TakeRow : public juce::Component, public juce::SettableTooltipClient {
public:
  struct Shown {
    Take take;
    bool soloed = false;
    bool covered = false; // another take, or another's solo, is heard in its place
    bool has_rivals = false;
    bool chosen = false;
    Grid grid; // of the ruler
  };

  explicit TakeRow(const TakeActions& actions);
  void show(const Shown& shown);
  const juce::String& id() const { return shown_.take.id; }
  // Its name, in place: Return or a press elsewhere keeps it, Escape does not.
  void rename();
  // All that can be done with it, as a menu.
  void show_menu();

  void paint(juce::Graphics& graphics) override;
  void resized() override;
  void mouseDown(const juce::MouseEvent& event) override;
  void mouseDoubleClick(const juce::MouseEvent&) override { rename(); }
  void mouseDrag(const juce::MouseEvent& event) override;

  int height(int width) const; // more where there is a note

private:
  juce::String title() const;
  juce::String status() const;
  juce::String face() const; // all that is seen of it
  bool has_offer() const;
  int note_height(int width) const;
  void add(juce::Button& button, const TakeActions::Action& action);
  juce::Rectangle<int> text_area() const;

  const TakeActions& actions_;
  Shown shown_;
  juce::String face_;
  IconButton cancel_, rival_, solo_, mute_, again_, reveal_, remove_, more_;
  juce::TextButton offer_;
  juce::Label name_; // while it is changed
};

} // namespace umtn::plugin
