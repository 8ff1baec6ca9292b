#include "hands.hpp"

#include <doctest/doctest.h>

namespace juce {
// As JUCE's own wrappers of plugins for Linux declare it.
bool dispatchNextMessageOnSystemQueue(bool return_if_no_pending_messages);
} // namespace juce

namespace umtn::plugin::test {
namespace {

template <class Matches>
juce::Component* find_where(juce::Component& below, const Matches& matches) {
  if (below.isShowing() && matches(below))
    return &below;
  for (auto* const child : below.getChildren())
    if (auto* const part = find_where(*child, matches))
      return part;
  return nullptr;
}

juce::AccessibilityHandler* entry_in(juce::Component& below, const juce::String& text) {
  if (auto* const handler = below.getAccessibilityHandler();
      handler != nullptr && handler->getRole() == juce::AccessibilityRole::menuItem &&
      handler->getTitle() == text)
    return handler;
  for (auto* const child : below.getChildren())
    if (auto* const handler = entry_in(*child, text))
      return handler;
  return nullptr;
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
  const auto has_title = [&](juce::Component& part) {
    const auto* const button = dynamic_cast<juce::Button*>(&part);
    return part.getTitle() == name || (button != nullptr && button->getButtonText() == name);
  };
  const auto has_text = [&](juce::Component& part) {
    const auto* const label = dynamic_cast<juce::Label*>(&part);
    return label != nullptr && label->getText() == name;
  };
  if (auto* const control = find_where(below, has_title))
    return control;
  return find_where(below, has_text);
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

juce::AccessibilityHandler* menu_entry(const juce::String& entry) {
  auto& desktop = juce::Desktop::getInstance();
  for (int window = desktop.getNumComponents(); --window >= 0;)
    if (auto* const handler = entry_in(*desktop.getComponent(window), entry))
      return handler;
  return nullptr;
}

bool pick(const juce::String& entry) {
  auto* const handler = menu_entry(entry);
  if (handler == nullptr)
    return false;
  const bool pressed = handler->getActions().invoke(juce::AccessibilityActionType::press);
  pump(0.2);
  return pressed;
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

namespace {
juce::File address_in(const TemporaryFolder& folder) {
  const auto file = folder / "bridge.json";
#if !JUCE_WINDOWS
  setenv("UMTN_BRIDGE_FILE", file.getFullPathName().toRawUTF8(), 1);
#endif
  return file;
}
} // namespace

Desk::Desk(FakeBridge::Behaviour behaviour)
    : bridge(address_in(folder), folder / "sessions", std::move(behaviour)) {
  auto& core = window.processor.core();
  core.set_session_folder(folder / "session");
  window.processor.setRateAndBufferSizeDetails(48000.0, 512);
  window.processor.prepareToPlay(48000.0, 512);
  REQUIRE(soon([&] { return !core.view().connection.models.empty(); }));
  pump(0.1);
}

void Desk::record(double from, double to) {
  window.processor.setPlayHead(&head);
  window.processor.parameters().capture = true;
  juce::AudioBuffer<float> block(2, 512);
  juce::MidiBuffer midi;
  const auto end = std::llround(to * 48000.0);
  for (auto at = std::llround(from * 48000.0); at < end; at += block.getNumSamples()) {
    for (int n = 0; n < block.getNumSamples(); ++n)
      for (int channel = 0; channel < 2; ++channel)
        block.setSample(channel, n, 0.3f * std::sin(0.03f * static_cast<float>(at + n)));
    head.tell(at, true);
    window.processor.processBlock(block, midi);
  }
  head.tell(end, false);
  window.processor.processBlock(block, midi);
  window.processor.parameters().capture = false;
  window.processor.setPlayHead(nullptr);
  REQUIRE(soon([&] { return !window.processor.core().view().captured.empty(); }));
  REQUIRE(soon([&] { return window("Render").isEnabled(); }));
}

void Desk::roll(bool playing) {
  window.processor.setPlayHead(&head);
  head.tell(0, playing);
  juce::AudioBuffer<float> block(2, 512);
  block.clear();
  juce::MidiBuffer midi;
  window.processor.processBlock(block, midi);
  window.processor.setPlayHead(nullptr);
  pump(0.1);
}

void Desk::render(std::size_t count) {
  press(window("Render"));
  REQUIRE(soon([&] {
    const auto made = takes();
    return made.size() == count && made.back().state == TakeState::done;
  }));
  pump(0.1);
}

} // namespace umtn::plugin::test
