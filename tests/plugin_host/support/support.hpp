// What several tests need.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <juce_audio_basics/juce_audio_basics.h>
#include <random>
#include <thread>

namespace umtn::plugin::test {

// Gone, with all in it, at the end of its scope.
class TemporaryFolder {
public:
  TemporaryFolder()
      : folder_(juce::File::getSpecialLocation(juce::File::tempDirectory)
                    .getChildFile("umtn-test-" + juce::Uuid().toString())) {
    folder_.createDirectory();
  }
  ~TemporaryFolder() { folder_.deleteRecursively(); }
  juce::File operator/(const juce::String& name) const { return folder_.getChildFile(name); }
  const juce::File& file() const { return folder_; }

private:
  juce::File folder_;
};

#if !JUCE_WINDOWS
// A variable of the environment, until the end of its scope. Empty: there is none.
class Environment {
public:
  Environment(const juce::String& name, const juce::String& value) : name_(name) {
    if (const auto* const before = std::getenv(name.toRawUTF8()))
      before_ = before;
    set(value);
  }
  ~Environment() { set(before_); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

private:
  void set(const juce::String& value) const {
    if (value.isEmpty())
      unsetenv(name_.toRawUTF8());
    else
      setenv(name_.toRawUTF8(), value.toRawUTF8(), 1);
  }
  const juce::String name_;
  juce::String before_;
};
#endif

// The same numbers in every run.
class Random {
public:
  explicit Random(unsigned seed) : engine_(seed) {}
  int integer(int least, int most) { // both included
    return std::uniform_int_distribution<int>(least, most)(engine_);
  }
  float sample() { return std::uniform_real_distribution<float>(-1.0f, 1.0f)(engine_); }
  bool chance(double probability) { return std::bernoulli_distribution(probability)(engine_); }
  template <class List>
  auto& one_of(List& list) {
    return list[static_cast<std::size_t>(integer(0, static_cast<int>(std::size(list)) - 1))];
  }
  // 1 to 8192, small and large ones alike.
  int block_size() { return integer(1, 1 << integer(0, 13)); }

private:
  std::mt19937 engine_;
};

inline juce::AudioBuffer<float> noise(Random& random, int channels, int samples) {
  juce::AudioBuffer<float> audio(channels, samples);
  for (int channel = 0; channel < channels; ++channel)
    for (int n = 0; n < samples; ++n)
      audio.setSample(channel, n, random.sample());
  return audio;
}

inline bool same(const juce::AudioBuffer<float>& a, const juce::AudioBuffer<float>& b) {
  if (a.getNumChannels() != b.getNumChannels() || a.getNumSamples() != b.getNumSamples())
    return false;
  for (int channel = 0; channel < a.getNumChannels(); ++channel)
    for (int n = 0; n < a.getNumSamples(); ++n)
      if (a.getSample(channel, n) != b.getSample(channel, n))
        return false;
  return true;
}

// Whether it came true in time.
template <class Condition>
bool eventually(Condition condition, double seconds = 20.0) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

} // namespace umtn::plugin::test
