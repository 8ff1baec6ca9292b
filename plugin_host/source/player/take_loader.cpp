#include "take_loader.hpp"

#include "../audio/resample.hpp"

#include <cmath>

namespace umtn::plugin {
namespace {

// At the rate, of the place's length, and free of what would ring through a DAW for ever.
std::shared_ptr<const Audio> read_for(const juce::File& file, const Place& place, double rate) {
  const auto info = wav_info(file);
  const auto length = place.at(rate).length();
  if (!info || length > std::numeric_limits<int>::max())
    return nullptr;
  auto audio = info->rate == rate ? read_wav(file, {0, length}) : read_wav(file);
  if (!audio)
    return nullptr;
  for (int channel = 0; channel < audio->getNumChannels(); ++channel) {
    float* const samples = audio->getWritePointer(channel);
    for (int n = 0; n < audio->getNumSamples(); ++n)
      if (!std::isfinite(samples[n]))
        samples[n] = 0.0f;
  }
  if (info->rate != rate)
    audio = resample(*audio, info->rate, rate, length);
  return std::make_shared<const Audio>(std::move(*audio));
}

} // namespace

bool TakeLoader::has(const Take& take, double rate, bool with_source) const {
  const auto found = loaded_.find(take.id);
  return found != loaded_.end() && found->second.rate == rate &&
         found->second.result_file == take.result &&
         (!with_source || found->second.source_file == take.source);
}

juce::String TakeLoader::load(const Take& take, double rate, bool with_source) {
  Loaded& loaded = loaded_[take.id];
  if (loaded.rate != rate || loaded.result_file != take.result) {
    loaded = {};
    loaded.rate = rate;
    loaded.result_file = take.result;
    loaded.result = read_for(take.result, take.place, rate);
  }
  if (with_source && loaded.source_file != take.source) {
    loaded.source_file = take.source;
    loaded.source = read_for(take.source, take.place, rate);
  }
  if (loaded.result == nullptr)
    return "The file " + take.result.getFullPathName() +
           " cannot be read: bring it back, or render the take again.";
  return {};
}

void TakeLoader::keep(const TakeList& takes) {
  for (auto entry = loaded_.begin(); entry != loaded_.end();) {
    const Take* const take = takes.find(entry->first);
    entry = take == nullptr || !takes.audible(*take) ? loaded_.erase(entry) : std::next(entry);
  }
}

void TakeLoader::retry() {
  for (auto entry = loaded_.begin(); entry != loaded_.end();)
    entry = entry->second.result == nullptr ? loaded_.erase(entry) : std::next(entry);
}

Layer TakeLoader::layer(const Take& take, double rate) const {
  Layer layer;
  layer.range = take.place.at(rate);
  const auto found = loaded_.find(take.id);
  if (found != loaded_.end() && found->second.rate == rate) {
    layer.result = found->second.result;
    layer.source = found->second.source;
  }
  return layer;
}

} // namespace umtn::plugin
