#include "grid.hpp"

#include <cmath>

namespace umtn::plugin {

namespace {

constexpr double kMostLines = 1000.0;
constexpr double kFine = 0.15; // of the room for a text, between lines without one
constexpr double kClock[] = {0.1,  0.2,  0.5,  1.0,   2.0,   5.0,   10.0,
                             15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0};

} // namespace

juce::String clock_time(double seconds) {
  const auto tenths =
      static_cast<juce::int64>(std::floor(std::clamp(seconds, -1e12, 1e12) * 10.0 + 0.5));
  const auto minutes = tenths / 600;
  const auto hours = minutes / 60;
  const auto two = [](juce::int64 number) { return juce::String(number).paddedLeft('0', 2); };
  return (hours > 0 ? juce::String(hours) + ":" + two(minutes % 60) : juce::String(minutes)) + ":" +
         two(tenths / 10 % 60) + "." + juce::String(tenths % 10);
}

Grid::Grid(const Transport& transport) {
  const double beat_quarters = 4.0 / std::max(1, transport.beat_unit);
  const double quarter = 60.0 / transport.bpm;
  const double here = seconds_of(transport.position, transport.rate);
  const bool usable = transport.has_beats && transport.bpm >= 1.0 && transport.bpm <= 10000.0 &&
                      transport.rate > 0.0 && std::isfinite(transport.quarter) &&
                      std::isfinite(transport.bar_quarter);
  if (!usable)
    return;
  beat_ = quarter * beat_quarters;
  beats_in_bar_ = std::clamp(transport.beats_in_bar, 1, 64);
  bar_at_ = here + (transport.bar_quarter - transport.quarter) * quarter;
  bar_number_ = std::floor(transport.bar_quarter / (beats_in_bar_ * beat_quarters) + 1e-6) + 1.0;
}

bool Grid::looks_like(const Grid& other) const {
  if (has_beats() != other.has_beats())
    return false;
  if (!has_beats())
    return true;
  if (beats_in_bar_ != other.beats_in_bar_ || std::abs(beat_ - other.beat_) > 1e-6)
    return false;
  const double bars = other.bar_number_ - bar_number_;
  return std::abs(bar_at_ + bars * beats_in_bar_ * beat_ - other.bar_at_) < 1e-3;
}

// The shortest that leaves room for a text; between them as many as can be told apart.
Grid::Steps Grid::steps(double apart) const {
  if (!has_beats()) {
    double step = 3600.0;
    for (const double candidate : kClock)
      if (candidate >= apart) {
        step = candidate;
        break;
      }
    while (step < apart)
      step *= 2.0;
    return {step, step};
  }
  if (beat_ >= apart) // and sixteenths, where it is a quarter
    return {beat_, 0.25 * beat_};
  const double bar = beat_ * beats_in_bar_;
  double named = bar;
  while (named < apart)
    named *= 2.0;
  double fine = named;
  for (const double candidate : {beat_, bar, 4.0 * bar})
    if (candidate >= kFine * apart && candidate < fine)
      fine = candidate;
  return {named, fine};
}

juce::String Grid::name(double at) const {
  if (!has_beats())
    return clock_time(at);
  const double beats = std::round((at - bar_at_) / beat_);
  const double bars = std::floor(beats / beats_in_bar_);
  const auto beat = static_cast<int>(beats - bars * beats_in_bar_);
  const juce::String bar(static_cast<juce::int64>(bar_number_ + bars));
  return beat == 0 ? bar : bar + "." + juce::String(beat + 1);
}

juce::String Grid::words(Seconds stretch) const {
  return (has_beats() ? "bar " : "") + name(stretch.start) + " to " + name(stretch.end);
}

std::vector<Grid::Line> Grid::lines(Seconds shown, double apart) const {
  std::vector<Line> lines;
  apart = std::max(apart, shown.length() / kMostLines * 8.0);
  const auto [named, fine] = steps(apart);
  // Bars 1, 5, 9 have a text, not 2, 6, 10; by the clock, what lies on whole steps.
  const double origin = has_beats() ? bar_at_ - (bar_number_ - 1.0) * beats_in_bar_ * beat_ : 0.0;
  const double first = std::ceil((shown.start - origin) / fine - 1e-9);
  const double count = std::min(kMostLines, std::floor((shown.end - origin) / fine) - first + 1.0);
  const double between = std::round(named / fine);
  for (double n = 0.0; n < count; n += 1.0) {
    const double index = first + n;
    const double at = origin + index * fine;
    const bool has_text = index - std::floor(index / between) * between < 0.5;
    lines.push_back({at, has_text ? name(at) : juce::String()});
  }
  return lines;
}

double Grid::step(double apart) const {
  return has_beats() ? steps(apart).fine : 0.0;
}

double Grid::snapped(double seconds, double apart) const {
  const double by = step(apart);
  if (by <= 0.0)
    return seconds;
  const double origin = bar_at_ - (bar_number_ - 1.0) * beats_in_bar_ * beat_;
  const double line = origin + std::round((seconds - origin) / by) * by;
  return line >= 0.0 ? line : line + by;
}

} // namespace umtn::plugin
