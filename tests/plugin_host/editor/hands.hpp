// A window on the screen, and the hands of who sits before it.
#pragma once

#include "../support/fake_bridge.hpp"
#include "../support/play_head.hpp"
#include "../support/support.hpp"
#include "editor/plugin_editor.hpp"

namespace umtn::plugin::test {

// Lets messages, timers and the screen's events come for so long.
void pump(double seconds = 0.05);

// Whether it came true in time, while the window lives on.
template <class Condition>
bool soon(Condition condition, double seconds = 10.0) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    pump(0.01);
  }
  return true;
}

// The visible control of that accessible title, or else the words, anywhere below; nullptr where
// there are none.
juce::Component* find(juce::Component& below, const juce::String& name);

template <class Part>
Part* find_a(juce::Component& below) {
  if (auto* const part = dynamic_cast<Part*>(&below); part != nullptr && part->isShowing())
    return part;
  for (auto* const child : below.getChildren())
    if (auto* const part = find_a<Part>(*child))
      return part;
  return nullptr;
}

// Through the window, as a mouse does: what lies on top gets it.
void press(juce::Component& part, juce::ModifierKeys with = {});
void press_twice(juce::Component& part);
void press_at(juce::Component& part, juce::Point<int> at, juce::ModifierKeys with = {},
              int times = 1);
void drag(juce::Component& part, juce::Point<int> from, juce::Point<int> to);
// Through the window, as a keyboard does: who has the focus gets it first. Whether it was used.
bool type(juce::Component& window, const juce::KeyPress& key);
void write(juce::Component& window, const juce::String& text);

// Of a menu that is open: presses the entry. Whether there is one that can be pressed.
bool pick(const juce::String& entry);
juce::AccessibilityHandler* menu_entry(const juce::String& entry);

// The plugin with its window open.
struct Window {
  Window();
  void open();
  juce::Component& operator()(const juce::String& name);

  PluginProcessor processor;
  std::unique_ptr<PluginEditor> editor;
};

// A window, a host that plays into the plugin, and a bridge.
struct Desk {
  explicit Desk(FakeBridge::Behaviour behaviour = {});
  // The host rolls over this place, with Capture on.
  void record(double from, double to);
  // The host's transport, from now on.
  void roll(bool playing);
  // Presses Render, and waits for as many takes.
  void render(std::size_t takes = 1);
  std::vector<Take> takes() { return window.processor.core().view().takes; }

  TemporaryFolder folder;
  FakeBridge bridge;
  Window window;
  PlayHead head;
};

} // namespace umtn::plugin::test
