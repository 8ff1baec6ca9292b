// Which seconds are seen on how many pixels: zoom, scroll, and following the play head.
#pragma once

#include "seconds.hpp"

namespace umtn::plugin {

class Axis {
public:
  // In pixels; x counts from the left edge of the lanes.
  void set_width(int width) { width_ = width < 1 ? 1 : width; }
  int width() const { return width_; }
  Seconds shown() const { return shown_; }
  // What lies out of sight is put one width beside it.
  float x_of(double seconds) const;
  double seconds_at(float x) const; // never before zero
  double seconds_of_pixels(double pixels) const { return pixels * shown_.length() / width_; }

  // All that there is. It is shown unless something else was chosen. While it grows there is room
  // to the right, so that what is seen does not shrink all the time. Whether what is seen changed.
  bool set_everything(Seconds everything, bool growing);
  bool shows_everything() const { return !chosen_; }

  void show(Seconds wanted);
  void show_everything();
  void zoom(double factor, double around);
  void scroll(double seconds);
  // What is seen now stays, whatever else is recorded.
  void hold() { chosen_ = true; }
  // The play head went from here to there: turns the page when it leaves what is seen. Whoever
  // has scrolled away from it is left alone. Whether what is seen changed.
  bool follow(double from, double to);

private:
  int width_ = 1;
  Seconds everything_{0.0, 10.0}, shown_{0.0, 10.0};
  bool chosen_ = false;
};

} // namespace umtn::plugin
