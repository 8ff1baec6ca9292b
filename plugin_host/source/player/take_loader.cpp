#include "take_loader.hpp"

#include <limits>

namespace umtn::plugin {
namespace {

constexpr Sample kPart = 1 << 16; // samples of the result

} // namespace

bool TakeLoader::has(const Take& take, double rate, bool with_source) const {
  const auto found = loaded_.find(take.id);
  return found != loaded_.end() && found->second.rate == rate &&
         found->second.result.file == take.result &&
         (!with_source || found->second.source.file == take.source);
}

void TakeLoader::load_some(const Take& take, double rate, bool with_source) {
  if (has(take, rate, with_source))
    return;
  const bool source = has(take, rate, false);
  const auto& file = source ? take.source : take.result;
  if (!reading_ || reading_->take != take.id || reading_->rate != rate || reading_->file != file ||
      reading_->is_source != source)
    begin(take, rate, source);
  if (!reading_)
    return;
  const Sample length = reading_->audio.getNumSamples();
  const Range part = {reading_->done, std::min(length, reading_->done + kPart)};
  const auto read = reading_->wav.read(part);
  if (!read || read->getNumChannels() != reading_->audio.getNumChannels())
    return finish(nullptr);
  for (int channel = 0; channel < read->getNumChannels(); ++channel)
    reading_->audio.copyFrom(channel, static_cast<int>(part.start), *read, channel, 0,
                             read->getNumSamples());
  reading_->done = part.end;
  if (part.end == length)
    finish(std::make_shared<const Audio>(std::move(reading_->audio)));
}

// Of the place's length, whatever the file's is.
void TakeLoader::begin(const Take& take, double rate, bool source) {
  const auto& file = source ? take.source : take.result;
  const auto info = wav_info(file);
  const auto length = take.place.at(rate).length();
  const bool good =
      info && info->channels > 0 && length > 0 && length <= std::numeric_limits<int>::max();
  const WavInfo of = good ? *info : WavInfo{rate, 0, 0};
  reading_ = Reading{take.id,
                     rate,
                     file,
                     source,
                     ResampledWav(file, {0, of.length}, of.rate, rate),
                     Audio(of.channels, good ? static_cast<int>(length) : 0),
                     0};
  if (!good)
    finish(nullptr);
}

void TakeLoader::finish(std::shared_ptr<const Audio> audio) {
  Loaded& loaded = loaded_[reading_->take];
  if (!reading_->is_source)
    loaded = {};
  loaded.rate = reading_->rate;
  (reading_->is_source ? loaded.source : loaded.result) = {reading_->file, std::move(audio)};
  reading_.reset();
}

juce::String TakeLoader::trouble(const Take& take) const {
  const auto found = loaded_.find(take.id);
  if (found == loaded_.end() || found->second.result.audio != nullptr)
    return {};
  return "The file " + take.result.getFullPathName() +
         " cannot be read: bring it back, or render the take again.";
}

void TakeLoader::keep(const TakeList& takes, double rate) {
  const auto heard = [&](const juce::String& id) {
    const Take* const take = takes.find(id);
    return take != nullptr && takes.audible(*take);
  };
  for (auto entry = loaded_.begin(); entry != loaded_.end();)
    entry =
        heard(entry->first) && entry->second.rate == rate ? std::next(entry) : loaded_.erase(entry);
  if (reading_ && (!heard(reading_->take) || reading_->rate != rate))
    reading_.reset();
}

void TakeLoader::retry() {
  for (auto entry = loaded_.begin(); entry != loaded_.end();) {
    Loaded& loaded = entry->second;
    if (loaded.source.audio == nullptr)
      loaded.source = {};
    entry = loaded.result.audio == nullptr ? loaded_.erase(entry) : std::next(entry);
  }
}

Layer TakeLoader::layer(const Take& take, double rate) const {
  Layer layer;
  layer.range = take.place.at(rate);
  const auto found = loaded_.find(take.id);
  if (found != loaded_.end() && found->second.rate == rate) {
    layer.result = found->second.result.audio;
    layer.source = found->second.source.audio;
    layer.source_lost = layer.source == nullptr && found->second.source.file == take.source;
  }
  return layer;
}

} // namespace umtn::plugin
