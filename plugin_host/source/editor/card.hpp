// What lies over the window until it is closed: a title, lines in two columns, and buttons.
#pragma once

#include "look.hpp"

#include <functional>
#include <vector>

namespace umtn::plugin {

class Card : public juce::Component {
public:
  struct Line {
    juce::String left,
        right; // no right: the left is a heading or a sentence, the line's whole width
  };
  struct Button {
    juce::String text;
    std::function<void()> pressed;
  };
  struct Content {
    juce::String title;
    std::vector<Line> lines;
    std::vector<Button> buttons; // besides "Close"
  };

  explicit Card(Content content);
  // A part of its own instead of lines; its height is what it wants.
  Card(const juce::String& title, std::unique_ptr<juce::Component> part,
       std::vector<Button> buttons);

  std::function<void()> on_close;

  void paint(juce::Graphics& graphics) override;
  void resized() override;
  bool keyPressed(const juce::KeyPress& key) override;
  void mouseDown(const juce::MouseEvent& event) override;

private:
  void add_buttons(std::vector<Button> buttons);
  juce::Rectangle<int> area() const;
  void close();

  std::unique_ptr<juce::Component> part_;
  juce::Label title_;
  juce::Viewport viewport_;
  std::vector<std::unique_ptr<juce::TextButton>> buttons_;
};

// Puts the lines below each other, each as high as its words need at a width.
class CardLines : public juce::Component {
public:
  explicit CardLines(const std::vector<Card::Line>& lines);
  void resized() override; // of the width it has been given; the height is its own

private:
  std::vector<std::unique_ptr<juce::Label>> left_, right_;
};

} // namespace umtn::plugin
