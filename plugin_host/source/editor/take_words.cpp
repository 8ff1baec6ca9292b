#include "take_words.hpp"

namespace umtn::plugin {
namespace {

juce::String how_far(const Take& take) {
  auto text = juce::String(juce::roundToInt(take.fraction * 100.0f)) + " %";
  if (take.seconds_left >= 90.0f)
    text << ", about " << juce::roundToInt(take.seconds_left / 60.0f) << " minutes left";
  else if (take.seconds_left >= 0.0f)
    text << ", about " << juce::jmax(1, juce::roundToInt(take.seconds_left)) << " s left";
  return text;
}

} // namespace

juce::String title_of(const Take& take, const Grid& grid) {
  juce::String text;
  if (take.name.isNotEmpty())
    text << take.name << "   ";
  text << take.settings.target << "   " << grid.words(seconds_of(take.place)) << "   variation "
       << take.settings.seed;
  if (take.settings.transpose != 0)
    text << "   transposed "
         << (take.settings.transpose == kOctave ? juce::String("by octaves")
                                                : transpose_text(take.settings.transpose));
  return text;
}

juce::String status_of(const Take& take, bool covered) {
  switch (take.state) {
  case TakeState::queued:
    return take.message.isNotEmpty() ? take.message : juce::String("Waiting for its turn.");
  case TakeState::running:
    return how_far(take);
  case TakeState::failed:
    return take.message.isNotEmpty() ? take.message : juce::String("It failed.");
  case TakeState::cancelled:
    return "Cancelled.";
  case TakeState::done:
    break;
  }
  if (take.message.isNotEmpty())
    return take.message;
  return take.muted ? "Muted."
         : covered  ? "Not heard: another take is."
                    : "Heard in place of the input.";
}

juce::String words_of_offer(const juce::String& offer) {
  const int semitones = offer.getIntValue();
  if (semitones == 0)
    return "Render transposed";
  const auto way = semitones > 0 ? juce::String(" up") : juce::String(" down");
  const int size = std::abs(semitones);
  if (size % 12 == 0)
    return "Render " +
           (size == 12 ? juce::String("an octave") : juce::String(size / 12) + " octaves") + way;
  return "Render " + juce::String(size) + (size == 1 ? " semitone" : " semitones") + way;
}

} // namespace umtn::plugin
