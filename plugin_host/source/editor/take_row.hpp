// One take: what it is, how far it is, and what can be done with it.
#pragma once

#include "../takes/take.hpp"
#include "look.hpp"

#include <functional>
#include <optional>

namespace umtn::plugin {

// What becomes of a take is said by its id: the row may be gone by then.
struct TakeActions {
  using Action = std::function<void(const juce::String& id)>;
  Action cancel, remove, reveal, solo, mute, next_rival, again;
};

// Dragging it drags the WAV out of the window, into a track or a folder.
class TakeRow : public juce::Component, public juce::SettableTooltipClient {
public:
  struct Shown {
    Take take;
    bool soloed = false;
    bool covered = false; // another take, or another's solo, is heard in its place
    bool has_rivals = false;
  };

  explicit TakeRow(const TakeActions& actions);
  void show(const Shown& shown);
  const juce::String& id() const { return shown_.take.id; }

  void paint(juce::Graphics& graphics) override;
  void resized() override;
  void mouseDrag(const juce::MouseEvent& event) override;

  int height() const; // a line more where there is a note

private:
  juce::String title() const;
  juce::String status() const;
  void add(juce::TextButton& button, const TakeActions::Action& action,
           const juce::String& tooltip);

  const TakeActions& actions_;
  Shown shown_;
  juce::TextButton cancel_{"Cancel"}, rival_{"A/B"}, solo_{"Solo"}, mute_{"Mute"}, again_{"Again"},
      reveal_{"Show file"}, remove_{"Delete"};
};

} // namespace umtn::plugin
