#include "axis.hpp"

#include <algorithm>

namespace umtn::plugin {

namespace {

constexpr double kShortest = 0.1; // seconds that are seen at the least
constexpr double kLongest = 24.0 * 3600.0;
constexpr double kMargin = 0.04; // of what is shown as a whole, on either side

} // namespace

float Axis::x_of(double seconds) const {
  const double part = (seconds - shown_.start) / shown_.length();
  return static_cast<float>(std::clamp(part, -1.0, 2.0) * width_);
}

double Axis::seconds_at(float x) const {
  return std::max(0.0, shown_.start + seconds_of_pixels(static_cast<double>(x)));
}

bool Axis::set_everything(Seconds everything, bool growing) {
  const double margin = std::max(0.25, kMargin * everything.length());
  everything_ = {std::max(0.0, everything.start - margin), everything.end + margin};
  if (chosen_)
    return false;
  const Seconds before = shown_;
  if (!growing) {
    shown_ = everything_;
  } else {
    const double room = std::max(10.0, 0.33 * everything_.length());
    const bool fits = shown_.start <= everything_.start && everything_.end <= shown_.end &&
                      shown_.end <= everything_.end + 2.0 * room &&
                      shown_.start >= everything_.start - room;
    if (!fits)
      shown_ = {everything_.start, everything_.end + room};
  }
  return shown_ != before;
}

void Axis::show(Seconds wanted) {
  const double length = std::clamp(wanted.length(), kShortest, kLongest);
  const double start = std::clamp(wanted.start, 0.0, kLatest);
  shown_ = {start, start + length};
  chosen_ = true;
}

void Axis::show_everything() {
  shown_ = everything_;
  chosen_ = false;
}

void Axis::zoom(double factor, double around) {
  const double length = std::clamp(shown_.length() * factor, kShortest, kLongest);
  const double start = around - (around - shown_.start) / shown_.length() * length;
  show({start, start + length});
}

void Axis::scroll(double seconds) {
  const double start = std::clamp(shown_.start + seconds, 0.0, kLatest);
  show({start, start + shown_.length()});
}

bool Axis::follow(double from, double to) {
  const auto seen = [this](double at) { return at >= shown_.start && at < shown_.end; };
  if (!chosen_ || !seen(from) || seen(to) || to < 0.0 || to > kLatest)
    return false;
  scroll(to - 0.05 * shown_.length() - shown_.start);
  return true;
}

} // namespace umtn::plugin
