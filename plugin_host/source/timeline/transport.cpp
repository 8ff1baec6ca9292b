#include "transport.hpp"

namespace umtn::plugin {

void Transport::move_by(Sample samples) noexcept UMTN_REALTIME {
  position += samples;
  if (!has_beats || rate <= 0.0)
    return;
  quarter += static_cast<double>(samples) / rate * bpm / 60.0;
  bar_quarter += std::floor((quarter - bar_quarter) / bar_quarters()) * bar_quarters();
}

Transport read_transport(juce::AudioPlayHead* head, double rate,
                         bool offline_flag) noexcept UMTN_REALTIME {
  Transport transport;
  transport.rate = rate;
  transport.offline_flag = offline_flag;
  const auto host =
      head == nullptr ? juce::Optional<juce::AudioPlayHead::PositionInfo>{} : head->getPosition();
  if (!host.hasValue())
    return transport;

  transport.playing = host->getIsPlaying();
  if (const auto samples = host->getTimeInSamples()) {
    transport.has_position = true;
    transport.position = *samples;
  } else if (const auto seconds = host->getTimeInSeconds()) {
    transport.has_position = true;
    transport.position = static_cast<Sample>(std::llround(*seconds * rate));
  }

  const auto tempo = host->getBpm();
  const auto quarter = host->getPpqPosition();
  if (tempo.hasValue() && *tempo > 0.0)
    transport.bpm = *tempo;
  if (transport.bpm > 0.0 && quarter.hasValue() && std::isfinite(*quarter)) {
    transport.has_beats = true;
    transport.quarter = *quarter;
    if (const auto signature = host->getTimeSignature();
        signature.hasValue() && signature->numerator > 0 && signature->denominator > 0) {
      transport.beats_in_bar = signature->numerator;
      transport.beat_unit = signature->denominator;
    }
    // Where the host does not say it, as if the signature had held from the start.
    const double bar = transport.bar_quarters();
    transport.bar_quarter =
        host->getPpqPositionOfLastBarStart().orFallback(std::floor(*quarter / bar) * bar);
  }

  // Hosts give loops in quarter notes; the tempo here and now is all there is to convert them.
  const auto loop = host->getLoopPoints();
  if (transport.has_position && loop.hasValue() && tempo.hasValue() && quarter.hasValue() &&
      *tempo > 0.0 && loop->ppqEnd > loop->ppqStart) {
    const double samples_per_quarter = 60.0 / *tempo * rate;
    const auto at = [&](double ppq) {
      return transport.position +
             static_cast<Sample>(std::llround((ppq - *quarter) * samples_per_quarter));
    };
    transport.has_loop = true;
    transport.loop = {at(loop->ppqStart), at(loop->ppqEnd)};
  }
  return transport;
}

Transport OwnTransport::advance(double rate, int samples) noexcept UMTN_REALTIME {
  const Sample wanted = wanted_.exchange(kNowhere);
  if (wanted != kNowhere)
    position_ = wanted;
  Transport transport;
  transport.rate = rate;
  transport.has_position = true;
  transport.position = position_;
  transport.playing = playing_;
  if (transport.playing)
    position_ += samples;
  return transport;
}

} // namespace umtn::plugin
