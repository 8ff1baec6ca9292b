#include "waveforms.hpp"

namespace umtn::plugin {

namespace {
constexpr int kSamplesPerPoint = 256;
}

Waveforms::Waveforms() {
  formats_.registerBasicFormats();
}

Waveforms::~Waveforms() {
  for (auto& [path, overview] : overviews_)
    overview.thumbnail->removeChangeListener(this);
}

void Waveforms::draw(juce::Graphics& graphics, juce::Rectangle<int> area, const juce::File& file,
                     double start, double length) {
  auto& overview = overviews_[file.getFullPathName()];
  if (overview.thumbnail == nullptr) {
    overview.thumbnail = std::make_unique<juce::AudioThumbnail>(kSamplesPerPoint, formats_, cache_);
    overview.thumbnail->addChangeListener(this);
    read(file, overview);
  }
  overview.thumbnail->drawChannels(graphics, area, start, start + length, 1.0f);
}

void Waveforms::read(const juce::File& file, Overview& overview) {
  overview.size = file.getSize();
  cache_.removeThumb(juce::FileInputSource(file).hashCode());
  overview.thumbnail->setSource(new juce::FileInputSource(file));
}

void Waveforms::refresh() {
  for (auto& [path, overview] : overviews_)
    if (const juce::File file(path); file.getSize() != overview.size)
      read(file, overview);
}

void Waveforms::changeListenerCallback(juce::ChangeBroadcaster*) {
  if (on_change)
    on_change();
}

} // namespace umtn::plugin
