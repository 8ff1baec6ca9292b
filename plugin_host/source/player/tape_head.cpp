#include "tape_head.hpp"

#include <cmath>

namespace umtn::plugin {

TapeHead::~TapeHead() {
  delete used_order_;
  delete tape_;
  delete next_tape_;
  delete used_tape_;
}

void TapeHead::prepare(double rate) {
  rate_ = rate;
  top_ = std::max(1, static_cast<int>(Player::kFadeSeconds * rate)) + 1;
  pace_.reset();
  active_ = false;
  level_ = presence_ = dying_ = 0;
  last_ = {};
  take_order();
  end();
}

void TapeHead::process(juce::AudioBuffer<float>& audio, const Transport& transport,
                       const PlayControls& controls, double now) noexcept UMTN_REALTIME {
  const int samples = audio.getNumSamples();
  pace_.observe(transport, samples, now);
  ++blocks_;
  take_order();
  take_tape();
  const bool offline = pace_.may_wait(transport);
  if (transport.playing)
    rolled_ = true;
  if (transport.playing || controls.bypass || offline) {
    if (active_) {
      dying_ = top_ - 1;
      tail_ = last_;
    }
    if (offline)
      dying_ = 0;
    end();
    active_ = false;
    level_ = presence_ = 0;
  }
  if (active_) {
    for (int done = 0; done < samples && active_;) {
      const int planned = plan(std::min(kChunk, samples - done));
      sound(audio, done, planned, transport, controls);
      done += planned;
    }
  } else {
    player_.process(audio, transport, controls);
  }
  die_away(audio);
}

void TapeHead::take_order() noexcept UMTN_REALTIME {
  if (used_order_ == nullptr || orders_.give_back(used_order_)) {
    used_order_ = orders_.take();
    if (used_order_ != nullptr) {
      wanted_ = *used_order_;
      over_ = over_ && wanted_.serial == now_.serial;
    }
  }
  if (wanted_.serial == now_.serial && !(now_.loop == wanted_.loop)) {
    now_.loop = wanted_.loop;
    in_loop_ = false;
  }
  if (active_)
    return;
  if (wanted_.jump != now_.jump)
    adopt();
  active_ = wanted_.playing && !over_;
}

void TapeHead::take_tape() noexcept UMTN_REALTIME {
  if (used_tape_ != nullptr && tapes_.give_back(used_tape_))
    used_tape_ = nullptr;
  if (next_tape_ == nullptr)
    next_tape_ = tapes_.take();
  if (next_tape_ == nullptr || used_tape_ != nullptr)
    return;
  const int ahead = static_cast<int>(next_tape_->order - now_.serial);
  if (ahead > 0)
    return; // what sounds has to be faded out first
  used_tape_ = next_tape_;
  next_tape_ = nullptr;
  if (ahead == 0)
    std::swap(used_tape_, tape_);
}

Sample TapeHead::start() const noexcept UMTN_REALTIME {
  return now_.file ? 0 : static_cast<Sample>(std::llround(now_.seconds * rate_));
}

void TapeHead::adopt() noexcept UMTN_REALTIME {
  now_ = wanted_;
  in_loop_ = false;
  at_ = position_ = start();
  seconds_ = now_.seconds;
  jump_ = now_.jump; // after the place: who sees this sees that
  take_tape();
}

// Whatever was ordered is over; the next play begins where this one did.
void TapeHead::end() noexcept UMTN_REALTIME {
  if (wanted_.playing)
    ended_ = wanted_.serial;
  wanted_.playing = false;
  over_ = true;
}

bool TapeHead::tape_fits() const noexcept UMTN_REALTIME {
  return tape_ != nullptr && tape_->order == now_.serial && tape_->rate == rate_;
}

// Empty where there is none, and where it would be no more than its fades.
Range TapeHead::loop() const noexcept UMTN_REALTIME {
  if (!now_.loop || now_.file)
    return {};
  const Range loop = now_.loop->at(rate_);
  return loop.length() > 4 * top_ ? loop : Range{};
}

TapeHead::Limit TapeHead::limit(int most) noexcept UMTN_REALTIME {
  const Range round = loop();
  in_loop_ = !round.empty() && (in_loop_ || position_ < round.end);
  const Limit known = {in_loop_ ? round.end : tape_->end,
                       in_loop_ ? Limit::Why::loop : Limit::Why::end};
  const Sample far = std::min(known.at, position_ + most + top_);
  const Sample there = tape_->available(position_, far);
  return there < far ? Limit{there, Limit::Why::missing} : known;
}

// The levels of up to so many samples, in which nothing else happens; what happens before them is
// done. At least one.
int TapeHead::plan(int most) noexcept UMTN_REALTIME {
  for (int turn = 0; turn < 4; ++turn) {
    const bool jumps = !stopping() && wanted_.jump != now_.jump;
    if (jumps && level_ == 0) {
      adopt();
      continue;
    }
    if (over_ || !tape_fits())
      break;
    const Limit to = limit(most);
    int planned = 0;
    for (; planned < most; ++planned) {
      const Sample left = to.at - position_ - planned;
      if (jumps || left < level_) {
        level_ = std::max(0, level_ - 1);
        if (level_ == 0)
          break;
      } else if (level_ < top_ && left > level_) {
        ++level_;
      } else if (left <= 0) {
        break;
      }
      levels_[static_cast<std::size_t>(planned)] = level_;
    }
    advancing_ = planned > 0;
    if (advancing_)
      return planned;
    if (jumps)
      continue;
    if (to.why == Limit::Why::loop)
      position_ = loop().start;
    else if (to.why == Limit::Why::end) {
      position_ = start();
      end();
    } else {
      break;
    }
  }
  advancing_ = false;
  level_ = 0;
  std::fill_n(levels_.begin(), most, 0);
  return most;
}

// Fills the presences, and says for how many of the samples listening is there at all.
int TapeHead::be_present(int samples) noexcept UMTN_REALTIME {
  for (int n = 0; n < samples; ++n) {
    presence_ = stopping() ? std::max(0, presence_ - 1) : std::min(top_, presence_ + 1);
    if (presence_ == 0)
      return n;
    presences_[static_cast<std::size_t>(n)] = presence_;
  }
  return samples;
}

void TapeHead::sound(juce::AudioBuffer<float>& audio, int first, int samples,
                     const Transport& transport,
                     const PlayControls& controls) noexcept UMTN_REALTIME {
  const int present = be_present(samples);
  const int count = std::min(audio.getNumChannels(), kMostChannels);
  std::array<float*, kMostChannels> heard{};
  for (int channel = 0; channel < count; ++channel)
    heard[static_cast<std::size_t>(channel)] = heard_[static_cast<std::size_t>(channel)].data();
  if (advancing_ && present > 0) {
    tape_->copy(position_, present, heard.data(), count);
    if (!now_.file) {
      juce::AudioBuffer<float> part(heard.data(), count, present);
      Transport rolling = transport;
      rolling.playing = rolling.has_position = true;
      rolling.position = position_;
      player_.process(part, rolling, controls);
    }
    position_ += present;
    // At once, so that the reader sees no place from which it would go on behind the loop.
    if (in_loop_ && level_ <= 1 && position_ >= loop().end) {
      position_ = loop().start;
      level_ = 0;
    }
  }

  const auto top = static_cast<float>(top_);
  for (int channel = 0; channel < count; ++channel) {
    float* const out = audio.getWritePointer(channel, first);
    const float* const in = heard[static_cast<std::size_t>(channel)];
    float& last = last_[static_cast<std::size_t>(channel)];
    for (int n = 0; n < present; ++n) {
      const auto index = static_cast<std::size_t>(n);
      const int level = levels_[index], presence = presences_[index];
      const float input = out[n];
      out[n] = level == 0      ? 0.0f
               : level == top_ ? in[n]
                               : in[n] * (static_cast<float>(level) / top);
      if (presence < top_) {
        const float share = static_cast<float>(presence) / top;
        out[n] = input * (1.0f - share) + out[n] * share;
      }
      last = std::isfinite(input) ? out[n] - input : out[n];
    }
  }

  at_ = position_;
  if (!now_.file)
    seconds_ = static_cast<double>(position_) / rate_;
  if (present < samples) {
    active_ = false;
    level_ = 0;
    take_order();
  }
}

void TapeHead::die_away(juce::AudioBuffer<float>& audio) noexcept UMTN_REALTIME {
  const int samples = std::min(dying_, audio.getNumSamples());
  if (samples == 0)
    return;
  const int count = std::min(audio.getNumChannels(), kMostChannels);
  for (int channel = 0; channel < count; ++channel) {
    float* const out = audio.getWritePointer(channel);
    const float last = tail_[static_cast<std::size_t>(channel)];
    for (int n = 0; n < samples; ++n)
      out[n] += last * (static_cast<float>(dying_ - n) / static_cast<float>(top_));
  }
  dying_ -= samples;
}

} // namespace umtn::plugin
