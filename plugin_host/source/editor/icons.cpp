#include "icons.hpp"

#include <initializer_list>

namespace umtn::plugin {
namespace {

using Point = juce::Point<float>;
constexpr float kPen = 2.0f;

struct Drawing {
  juce::Path lines, areas;

  Drawing& line(std::initializer_list<Point> points) {
    lines.startNewSubPath(*points.begin());
    for (const auto* point = points.begin() + 1; point != points.end(); ++point)
      lines.lineTo(*point);
    return *this;
  }
  Drawing& closed(std::initializer_list<Point> points) {
    line(points);
    lines.closeSubPath();
    return *this;
  }
  Drawing& area(std::initializer_list<Point> points) {
    areas.startNewSubPath(*points.begin());
    for (const auto* point = points.begin() + 1; point != points.end(); ++point)
      areas.lineTo(*point);
    areas.closeSubPath();
    return *this;
  }
  // Angles clockwise from the top.
  Drawing& arc(Point centre, float radius, float from, float to) {
    lines.addCentredArc(centre.x, centre.y, radius, radius, 0.0f, from, to, true);
    return *this;
  }
  Drawing& dot(float x, float y, float radius = 1.8f) {
    areas.addEllipse(x - radius, y - radius, 2.0f * radius, 2.0f * radius);
    return *this;
  }
  juce::Path filled() const {
    juce::Path path;
    juce::PathStrokeType(kPen, juce::PathStrokeType::curved, juce::PathStrokeType::rounded)
        .createStrokedPath(path, lines);
    path.addPath(areas);
    return path;
  }
};

constexpr float kPi = juce::MathConstants<float>::pi;

Drawing headphones() {
  Drawing drawing;
  drawing.arc({12, 13}, 8.0f, -0.5f * kPi, 0.5f * kPi);
  drawing.areas.addRoundedRectangle(3.0f, 13.0f, 5.0f, 8.0f, 2.0f);
  drawing.areas.addRoundedRectangle(16.0f, 13.0f, 5.0f, 8.0f, 2.0f);
  return drawing;
}

Drawing die() {
  Drawing drawing;
  drawing.lines.addRoundedRectangle(4.0f, 4.0f, 16.0f, 16.0f, 3.0f);
  return drawing.dot(8.5f, 8.5f).dot(15.5f, 8.5f).dot(12, 12).dot(8.5f, 15.5f).dot(15.5f, 15.5f);
}

Drawing turn_back() {
  return Drawing()
      .arc({12, 13}, 7.0f, -0.35f * kPi, 0.75f * kPi)
      .line({{5.6f, 10.0f}, {5.0f, 4.5f}})
      .line({{5.6f, 10.0f}, {11.0f, 9.6f}});
}

Drawing draw(Icon icon) {
  switch (icon) {
  case Icon::play:
    return Drawing().area({{7, 4}, {20, 12}, {7, 20}});
  case Icon::stop:
    return Drawing().area({{6, 6}, {18, 6}, {18, 18}, {6, 18}});
  case Icon::hear:
    return Drawing()
        .area({{3, 9}, {7, 9}, {12, 5}, {12, 19}, {7, 15}, {3, 15}})
        .arc({12, 12}, 4.0f, 0.2f * kPi, 0.8f * kPi)
        .arc({12, 12}, 8.5f, 0.2f * kPi, 0.8f * kPi);
  case Icon::cancel:
    return Drawing().line({{6, 6}, {18, 18}}).line({{18, 6}, {6, 18}});
  case Icon::next_take: // from one to the other and back
    return Drawing()
        .line({{5, 8}, {19, 8}})
        .line({{15, 4}, {19, 8}, {15, 12}})
        .line({{19, 16}, {5, 16}})
        .line({{9, 12}, {5, 16}, {9, 20}});
  case Icon::solo:
    return headphones();
  case Icon::mute:
    return Drawing()
        .area({{3, 9}, {7, 9}, {12, 5}, {12, 19}, {7, 15}, {3, 15}})
        .line({{16, 9}, {22, 15}})
        .line({{22, 9}, {16, 15}});
  case Icon::again:
    return Drawing()
        .arc({12, 12}, 7.5f, 0.2f * kPi, 1.85f * kPi)
        .line({{17, 1.8f}, {16.6f, 6}, {20.8f, 6.6f}});
  case Icon::folder:
    return Drawing().closed({{3, 6}, {9, 6}, {11, 9}, {21, 9}, {21, 19}, {3, 19}});
  case Icon::bin:
    return Drawing()
        .line({{4, 7}, {20, 7}})
        .line({{9, 6}, {9, 4}, {15, 4}, {15, 6}})
        .line({{6, 7}, {7, 20}, {17, 20}, {18, 7}})
        .line({{10, 11}, {10.4f, 16.5f}})
        .line({{14, 11}, {13.6f, 16.5f}});
  case Icon::more:
    return Drawing().dot(5, 12, 2.2f).dot(12, 12, 2.2f).dot(19, 12, 2.2f);
  case Icon::undo:
    return turn_back();
  case Icon::redo: {
    auto drawing = turn_back();
    drawing.lines.applyTransform(juce::AffineTransform::scale(-1.0f, 1.0f, 12.0f, 12.0f));
    return drawing;
  }
  case Icon::menu:
    return Drawing().line({{4, 6}, {20, 6}}).line({{4, 12}, {20, 12}}).line({{4, 18}, {20, 18}});
  case Icon::dice:
    return die();
  case Icon::several: // a list with ticks
    return Drawing()
        .line({{3, 7}, {5, 9}, {9, 4}})
        .line({{3, 17}, {5, 19}, {9, 14}})
        .line({{13, 7}, {21, 7}})
        .line({{13, 17}, {21, 17}});
  case Icon::fold:
    return Drawing().line({{5, 15}, {12, 8}, {19, 15}});
  case Icon::unfold:
    return Drawing().line({{5, 9}, {12, 16}, {19, 9}});
  }
  return {};
}

} // namespace

juce::Path path_of(Icon icon) {
  return draw(icon).filled();
}

} // namespace umtn::plugin
