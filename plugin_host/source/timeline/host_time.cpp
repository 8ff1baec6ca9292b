#include "host_time.hpp"

namespace umtn::plugin {

Transport HostTime::next(juce::AudioPlayHead* head, double rate, bool offline_flag,
                         int samples) noexcept UMTN_REALTIME {
  Transport now = read_transport(head, rate, offline_flag);
  if (told_on_change_) {
    const bool told = head != nullptr && head->getPosition().hasValue();
    now = told ? with_news(now, samples) : count_on(rate);
    now.offline_flag = offline_flag;
    last_ = now;
    last_samples_ = samples;
    last_was_told_ = told;
  }
  return steady_.follow(now, samples);
}

// Nothing has been said: it goes on as it went.
Transport HostTime::count_on(double rate) const noexcept {
  Transport now = last_;
  if (now.playing && now.has_position)
    now.move_by(last_samples_);
  if (now.rate != rate && now.rate > 0.0)
    now.position = at_rate(now.position, now.rate, rate);
  now.rate = rate;
  return now;
}

Transport HostTime::with_news(Transport told, int samples) const noexcept {
  const Transport expected = count_on(told.rate);
  if (!told.has_position) {
    Transport now = expected;
    if (told.has_beats) {
      now = told;
      now.has_position = expected.has_position;
      now.position = expected.position;
    }
    // News of the tempo alone come without a speed, which reads as a stop.
    const bool tempo_alone = !told.playing && told.bpm > 0.0;
    now.bpm = told.bpm > 0.0 ? told.bpm : expected.bpm;
    now.playing = tempo_alone ? expected.playing : told.playing;
    return now;
  }
  // A change of tempo within a block is told with its own place; JUCE does not say when it was.
  const Sample later = told.position - expected.position;
  if (!last_was_told_ && expected.rolling() && told.playing && later > 0 && later < samples)
    told.move_by(-later);
  return told;
}

} // namespace umtn::plugin
