#include "player.hpp"

#include <chrono>
#include <cmath>
#include <thread>

namespace umtn::plugin {
namespace {

constexpr auto kNap = std::chrono::milliseconds(2);

const Audio* sound_of(const Layer& layer, Audition audition) {
  return audition == Audition::result ? layer.result.get() : layer.source.get();
}

// A take's sound for one of the host's channels.
class Voice {
public:
  Voice(const Audio& sound, int channel, int count) noexcept
      : first_(sound.getReadPointer(std::min(channel, sound.getNumChannels() - 1))) {
    if (count == 1 && sound.getNumChannels() > 1)
      all_ = &sound;
  }
  float operator[](Sample n) const noexcept {
    if (all_ == nullptr)
      return first_[n];
    float sum = 0.0f;
    for (int channel = 0; channel < all_->getNumChannels(); ++channel)
      sum += all_->getReadPointer(channel)[n];
    return sum / static_cast<float>(all_->getNumChannels());
  }

private:
  const float* first_;
  const Audio* all_ = nullptr; // where several become one
};

// Not by the formula where it changes nothing: silence times infinity is not silence.
float mixed(float dry, float take, float mix) {
  return mix >= 1.0f ? take : mix <= 0.0f ? dry : dry * (1.0f - mix) + take * mix;
}

Sample fade_of(Sample length, double rate) {
  return std::min(static_cast<Sample>(Player::kFadeSeconds * rate), length / 2);
}

} // namespace

float Player::window(Sample n, Sample length, double rate) noexcept UMTN_REALTIME {
  const Sample fade = fade_of(length, rate);
  const Sample inside = std::min(n, length - 1 - n);
  return inside >= fade ? 1.0f : static_cast<float>(inside + 1) / static_cast<float>(fade + 1);
}

Player::~Player() {
  if (old_ != newest_)
    delete old_;
  delete newest_;
}

void Player::prepare(double rate, int channels) {
  jassert(channels <= kMostChannels);
  juce::ignoreUnused(channels);
  rate_ = rate;
  fade_ = std::max(1, static_cast<int>(kFadeSeconds * rate));
  fade_left_ = 0;
  fresh_ = true;
  pace_.reset();
  waited_ = 0.0;
  gave_up_ = false;
}

void Player::process(juce::AudioBuffer<float>& audio, const Transport& transport,
                     const PlayControls& controls) noexcept UMTN_REALTIME {
  const int samples = audio.getNumSamples();
  const bool rolling = transport.rolling();
  pace_.observe(transport, samples, steady_seconds());
  take_newest();
  const bool waited =
      rolling && !controls.bypass && wait_for_takes(transport, samples, controls.audition);
  if (!rolling) {
    waited_ = 0.0;
    gave_up_ = false;
  }

  // Where sound is cut anyway, nothing needs a fade.
  const bool at_once =
      fresh_ || waited || !rolling || !was_rolling_ || transport.position != next_position_;
  mix_wanted_ = std::isfinite(controls.mix) ? std::clamp(controls.mix, 0.0f, 1.0f) : 1.0f;
  if (at_once)
    mix_ = mix_wanted_;
  change_view(controls, at_once);
  was_rolling_ = rolling;
  fresh_ = fresh_ && !rolling;
  next_position_ = transport.position + samples;

  if (!rolling)
    return;
  const int count = std::min(audio.getNumChannels(), kMostChannels);
  float* const* const channels = audio.getArrayOfWritePointers();
  std::array<float*, kMostChannels> chunk{};
  for (int done = 0; done < samples; done += kChunk) {
    for (int channel = 0; channel < count; ++channel)
      chunk[static_cast<std::size_t>(channel)] = channels[channel] + done;
    process_chunk(chunk.data(), count, std::min(kChunk, samples - done), transport.position + done);
  }
}

// Whether there was a newer programme.
bool Player::take_newest() noexcept UMTN_REALTIME {
  if (old_ != nullptr)
    return false; // still sounds, or finds no place to go
  const Programme* const newer = programmes_.take();
  if (newer == nullptr)
    return false;
  old_ = newest_;
  newest_ = newer;
  return true;
}

void Player::change_view(const PlayControls& controls, bool at_once) noexcept UMTN_REALTIME {
  if (at_once)
    fade_left_ = 0;
  if (fade_left_ > 0)
    return; // one change after another
  const View wanted = {newest_, controls.audition, controls.bypass};
  if (!(wanted == now_) && !at_once) {
    before_ = now_;
    fade_left_ = fade_;
  }
  now_ = wanted;
  if (fade_left_ == 0 && old_ != nullptr && programmes_.give_back(old_))
    old_ = nullptr;
}

void Player::process_chunk(float* const* channels, int count, int samples,
                           Sample position) noexcept UMTN_REALTIME {
  fill_mix(samples);
  if (now_.bypass && fade_left_ == 0)
    return;
  for (int channel = 0; channel < count; ++channel)
    std::copy_n(channels[channel], samples, dry_[static_cast<std::size_t>(channel)].data());
  render(now_, channels, count, samples, position);
  if (fade_left_ == 0)
    return;

  std::array<float*, kMostChannels> other{};
  for (int channel = 0; channel < count; ++channel) {
    const auto index = static_cast<std::size_t>(channel);
    other_[index] = dry_[index];
    other[index] = other_[index].data();
  }
  render(before_, other.data(), count, samples, position);
  const int faded = std::min(samples, fade_left_);
  for (int channel = 0; channel < count; ++channel)
    for (int n = 0; n < faded; ++n) {
      const float gain = static_cast<float>(fade_left_ - n) / static_cast<float>(fade_ + 1);
      float& out = channels[channel][n];
      const float was = other[static_cast<std::size_t>(channel)][n];
      if (out != was)
        out += gain * (was - out);
    }
  fade_left_ -= faded;
}

void Player::fill_mix(int samples) noexcept UMTN_REALTIME {
  mix_steady_ = mix_ == mix_wanted_;
  if (mix_steady_)
    return;
  const float step = 1.0f / static_cast<float>(fade_);
  for (int n = 0; n < samples; ++n) {
    const float left = mix_wanted_ - mix_;
    mix_ = std::abs(left) <= step ? mix_wanted_ : mix_ + std::copysign(step, left);
    mixes_[static_cast<std::size_t>(n)] = mix_;
  }
}

void Player::render(const View& view, float* const* channels, int count, int samples,
                    Sample position) const noexcept UMTN_REALTIME {
  if (view.bypass || view.programme == nullptr || view.programme->rate != rate_)
    return;
  const Range chunk = {position, position + samples};
  for (const Layer& layer : view.programme->layers) {
    if (!layer.range.overlaps(chunk))
      continue;
    const Audio* const sound = sound_of(layer, view.audition);
    if (sound != nullptr && sound->getNumChannels() > 0)
      render_layer(layer.range.start,
                   std::min<Sample>(layer.range.length(), sound->getNumSamples()), *sound, channels,
                   count, chunk);
  }
}

void Player::render_layer(Sample start, Sample length, const Audio& sound, float* const* channels,
                          int count, Range chunk) const noexcept UMTN_REALTIME {
  const Sample fade = fade_of(length, rate_);
  const Range part = chunk.intersection({start, start + length});
  // Without a fade, and the same mix all along, is the usual case.
  Range body = chunk.intersection({start + fade, start + length - fade});
  if (body.empty())
    body = {part.end, part.end};
  for (int channel = 0; channel < count; ++channel) {
    const float* const dry = dry_[static_cast<std::size_t>(channel)].data();
    float* const out = channels[channel];
    const Voice take(sound, channel, count);
    const auto mix_at = [&](Sample n) {
      return mix_steady_ ? mix_ : mixes_[static_cast<std::size_t>(n)];
    };
    const auto faded = [&](Range edge) {
      for (Sample at = edge.start; at < edge.end; ++at) {
        const Sample n = at - chunk.start;
        const float gain = window(at - start, length, rate_);
        const float both = mixed(dry[n], take[at - start], mix_at(n));
        out[n] = gain >= 1.0f ? both : out[n] * (1.0f - gain) + both * gain;
      }
    };
    faded({part.start, body.start});
    for (Sample at = body.start; at < body.end; ++at) {
      const Sample n = at - chunk.start;
      out[n] = mixed(dry[n], take[at - start], mix_at(n));
    }
    faded({body.end, part.end});
  }
}

bool Player::awaits(Range block, Audition audition) const noexcept UMTN_REALTIME {
  if (newest_ == nullptr)
    return expected_ != 0;
  if (static_cast<int>(expected_ - newest_->handled) > 0)
    return true;
  for (const Layer& layer : newest_->layers)
    if (layer.range.overlaps(block) &&
        (layer.result == nullptr ||
         (audition == Audition::source && layer.source == nullptr && !layer.source_lost)))
      return true;
  return false;
}

// Only ever in an offline render; what sounds live goes on at once. Whether there was a wait.
bool Player::wait_for_takes(const Transport& transport, int samples, Audition audition) noexcept {
  if (gave_up_ || longest_wait_ <= 0.0 || !pace_.may_wait(transport) ||
      !awaits(transport.block(samples), audition))
    return false;
  const unsigned cancels = cancels_;
  const auto nobody_hears = [&] {
    fade_left_ = 0;
    if (old_ != nullptr && programmes_.give_back(old_)) {
      old_ = nullptr;
      now_.programme = newest_;
    }
    return take_newest();
  };
  while (awaits(transport.block(samples), audition)) {
    waiting_ = true;
    if (!nobody_hears()) {
      std::this_thread::sleep_for(kNap);
      waited_ += std::chrono::duration<double>(kNap).count();
    }
    gave_up_ = cancels_ != cancels || waited_ > longest_wait_;
    if (gave_up_)
      break;
    pace_.pause();
  }
  waiting_ = false;
  return true;
}

} // namespace umtn::plugin
