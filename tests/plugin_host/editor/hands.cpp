#include "hands.hpp"

#include <doctest/doctest.h>

namespace juce {
// As JUCE's own wrappers of plugins for Linux declare it.
bool dispatchNextMessageOnSystemQueue(bool return_if_no_pending_messages);
} // namespace juce

namespace umtn::plugin::test {
namespace {

bool is_named(juce::Component& part, const juce::String& name) {
  if (part.getTitle() == name)
    return true;
  if (const auto* button = dynamic_cast<juce::Button*>(&part))
    return button->getButtonText() == name;
  if (const auto* label = dynamic_cast<juce::Label*>(&part))
    return label->getText() == name;
  return false;
}

void mouse(juce::Component& part, juce::Point<int> at, juce::ModifierKeys with, int after_ms) {
  static juce::int64 now = juce::Time::currentTimeMillis();
  now += after_ms;
  auto* const peer = part.getPeer();
  REQUIRE(peer != nullptr);
  const auto there = peer->getComponent().getLocalPoint(&part, at).toFloat();
  juce::ModifierKeys::currentModifiers = with;
  peer->handleMouseEvent(juce::MouseInputSource::InputSourceType::mouse, there, with,
                         juce::MouseInputSource::defaultPressure,
                         juce::MouseInputSource::defaultOrientation, now);
}

} // namespace

void pump(double seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  do {
    if (!juce::dispatchNextMessageOnSystemQueue(true))
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  } while (std::chrono::steady_clock::now() < end);
}

juce::Component* find(juce::Component& below, const juce::String& name) {
  if (below.isShowing() && is_named(below, name))
    return &below;
  for (auto* const child : below.getChildren())
    if (auto* const part = find(*child, name))
      return part;
  return nullptr;
}

void press_at(juce::Component& part, juce::Point<int> at, juce::ModifierKeys with, int times) {
  const juce::Component::SafePointer<juce::Component> still(&part);
  mouse(part, at, with.withoutMouseButtons(), 2000); // far from the last: no double click with it
  const auto button =
      with.isPopupMenu() ? juce::ModifierKeys() : juce::ModifierKeys::leftButtonModifier;
  for (int time = 0; time < times && still != nullptr; ++time) {
    mouse(part, at, with.withFlags(button.getRawFlags()), 20);
    if (still != nullptr)
      mouse(part, at, with.withoutMouseButtons(), 20);
  }
  pump();
}

void press(juce::Component& part, juce::ModifierKeys with) {
  press_at(part, part.getLocalBounds().getCentre(), with);
}

void press_twice(juce::Component& part) {
  press_at(part, part.getLocalBounds().getCentre(), {}, 2);
}

void drag(juce::Component& part, juce::Point<int> from, juce::Point<int> to) {
  mouse(part, from, {}, 2000);
  mouse(part, from, juce::ModifierKeys::leftButtonModifier, 20);
  for (int step = 1; step <= 4; ++step)
    mouse(part, from + (to - from) * step / 4, juce::ModifierKeys::leftButtonModifier, 20);
  mouse(part, to, {}, 20);
  pump();
}

bool type(juce::Component& window, const juce::KeyPress& key) {
  auto* const peer = window.getPeer();
  REQUIRE(peer != nullptr);
  const bool used = peer->handleKeyPress(key);
  pump();
  return used;
}

void write(juce::Component& window, const juce::String& text) {
  for (auto letter = text.getCharPointer(); !letter.isEmpty(); ++letter)
    type(window, juce::KeyPress(static_cast<int>(*letter), {}, *letter));
}

Window::Window() {
  open();
}

void Window::open() {
  editor.reset(); // one at a time, as a host has it
  editor.reset(static_cast<PluginEditor*>(processor.createEditor()));
  editor->addToDesktop(0);
  editor->setVisible(true);
  editor->grabKeyboardFocus();
  pump(0.1);
}

juce::Component& Window::operator()(const juce::String& name) {
  auto* const part = find(*editor, name);
  INFO("the window shows " << name.toStdString());
  REQUIRE(part != nullptr);
  return *part;
}

} // namespace umtn::plugin::test
