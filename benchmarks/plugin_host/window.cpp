// What the window costs: the part of a core that it takes while it shows a recording grow, and how
// long a step of zoom takes over an hour of audio.
//
//   xvfb-run -a window [SECONDS]
//
// Asked is at most 3 % of a core, and at most 16 ms.
#include "plugin_processor.hpp"

#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <sys/resource.h>

namespace juce {
// As JUCE's own wrappers of plugins for Linux declare it.
bool dispatchNextMessageOnSystemQueue(bool return_if_no_pending_messages);
} // namespace juce

using namespace umtn::plugin;

namespace {

constexpr double kRate = 48000.0;
constexpr int kSamples = 512;

// JUCE speaks to a window manager, and takes it for granted that there is one. Xvfb has none, and
// the X library ends programs that name what a server does not know.
void mind_no_window_manager() {
  using Handler = int (*)(void*, void*);
  if (auto* const library = dlopen("libX11.so.6", RTLD_NOW))
    if (auto* const set =
            reinterpret_cast<Handler (*)(Handler)>(dlsym(library, "XSetErrorHandler")))
      set([](void*, void*) { return 0; });
}

double processor_seconds() { // of all threads
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// As in a host: sleeps until there is something to do.
void pump(double seconds) {
  bool ended = false;
  juce::Timer::callAfterDelay(juce::roundToInt(1000.0 * seconds), [&] { ended = true; });
  while (!ended)
    juce::dispatchNextMessageOnSystemQueue(false);
}

struct Head : juce::AudioPlayHead {
  juce::Optional<PositionInfo> getPosition() const override {
    PositionInfo info;
    info.setIsPlaying(true);
    info.setTimeInSamples(position.load());
    info.setBpm(120.0);
    info.setPpqPosition(static_cast<double>(position.load()) / kRate * 2.0);
    return info;
  }
  std::atomic<Sample> position{0};
};

// A host that plays in time.
class Host {
public:
  explicit Host(PluginProcessor& plugin) : plugin_(plugin) {
    plugin_.setPlayHead(&head_);
    plugin_.setRateAndBufferSizeDetails(kRate, kSamples);
    plugin_.prepareToPlay(kRate, kSamples);
    thread_ = std::thread([this] { run(); });
  }
  ~Host() {
    ending_ = true;
    thread_.join();
  }

private:
  void run() {
    Audio audio(2, kSamples);
    juce::MidiBuffer midi;
    juce::Random random(1);
    Audio noise(2, kSamples);
    for (int channel = 0; channel < 2; ++channel)
      for (int n = 0; n < kSamples; ++n)
        noise.setSample(channel, n, random.nextFloat() * 0.5f);
    const auto begin = std::chrono::steady_clock::now();
    for (Sample block = 0; !ending_; ++block) {
      audio.makeCopyOf(noise, true);
      plugin_.processBlock(audio, midi);
      head_.position += kSamples;
      std::this_thread::sleep_until(
          begin +
          std::chrono::duration_cast<std::chrono::steady_clock::duration>(
              std::chrono::duration<double>(static_cast<double>((block + 1) * kSamples) / kRate)));
    }
  }

  PluginProcessor& plugin_;
  Head head_;
  std::atomic<bool> ending_{false};
  std::thread thread_;
};

std::unique_ptr<juce::AudioProcessorEditor> open(PluginProcessor& plugin, int width, int height) {
  std::unique_ptr<juce::AudioProcessorEditor> editor(plugin.createEditor());
  editor->setSize(width, height);
  editor->addToDesktop(0);
  editor->setVisible(true);
  pump(1.0);
  return editor;
}

// A part of one core.
double cost(double seconds) {
  const double before = processor_seconds();
  const double since = steady_seconds();
  pump(seconds);
  return (processor_seconds() - before) / (steady_seconds() - since);
}

void recording(double seconds) {
  PluginProcessor plugin;
  plugin.parameters().capture = true;
  const Host host(plugin);
  pump(2.0);
  const double closed = cost(seconds);
  auto editor = open(plugin, 1000, 700);
  const double shown = cost(seconds);
  std::printf("recording: %.1f %% of a core with the window open, %.1f %% with it closed\n",
              100.0 * shown, 100.0 * closed);
}

juce::File an_hour(const juce::File& folder) {
  const auto file = folder.getChildFile("hour.wav");
  juce::WavAudioFormat format;
  std::unique_ptr<juce::AudioFormatWriter> writer(
      format.createWriterFor(file.createOutputStream().release(), kRate, 2, 16, {}, 0));
  Audio audio(2, 48000);
  juce::Random random(2);
  for (int second = 0; second < 3600; ++second) {
    for (int channel = 0; channel < 2; ++channel)
      for (int n = 0; n < 48000; ++n)
        audio.setSample(channel, n, (random.nextFloat() - 0.5f) * 0.001f * float(second % 900));
    writer->writeFromAudioSampleBuffer(audio, 0, 48000);
  }
  return file;
}

void zooming(const juce::File& folder, float scale) {
  PluginProcessor plugin;
  plugin.setRateAndBufferSizeDetails(kRate, kSamples);
  plugin.prepareToPlay(kRate, kSamples);
  CapturedTimeline timeline;
  timeline.record({{{0, Sample(3600 * kRate)}, kRate}, folder.getChildFile("hour.wav"), 0, 2});
  plugin.core().capture().set_timeline(timeline);
  auto editor = open(plugin, 1000, 700);
  editor->setScaleFactor(scale);
  pump(20.0); // the waveform is built
  juce::Component* view = nullptr;
  std::function<void(juce::Component&)> find = [&](juce::Component& part) {
    if (part.getTitle() == "Timeline")
      view = &part;
    for (auto* child : part.getChildren())
      find(*child);
  };
  find(*editor);
  double sum = 0.0, most = 0.0;
  int steps = 0;
  for (int round = 0; round < 40; ++round) {
    juce::MouseWheelDetails wheel{0.0f, round % 20 < 10 ? 0.5f : -0.5f, false, false, false};
    const auto middle = view->getLocalBounds().getCentre().toFloat();
    const juce::MouseEvent event(juce::Desktop::getInstance().getMainMouseSource(), middle, {},
                                 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, view, view, {}, middle, {}, 0,
                                 false);
    const double before = steady_seconds();
    view->mouseWheelMove(event, wheel);
    editor->getPeer()->performAnyPendingRepaintsNow();
    const double taken = steady_seconds() - before;
    sum += taken;
    most = std::max(most, taken);
    ++steps;
    pump(0.05);
  }
  std::printf("zoom of an hour at %.0f %%: %.1f ms a step, %.1f ms the longest\n",
              100.0 * static_cast<double>(scale), 1000.0 * sum / steps, 1000.0 * most);
}

} // namespace

int main(int count, char** words) {
  const auto folder = juce::File::getSpecialLocation(juce::File::tempDirectory)
                          .getChildFile("umtn-benchmark-" + juce::Uuid().toString());
  folder.createDirectory();
  for (const auto* variable : {"HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"})
    setenv(variable, folder.getFullPathName().toRawUTF8(), 1);
  {
    setvbuf(stdout, nullptr, _IOLBF, 0);
    const juce::ScopedJuceInitialiser_GUI juce;
    mind_no_window_manager();
    if (const double seconds = count > 1 ? std::atof(words[1]) : 20.0; seconds > 0.0)
      recording(seconds);
    an_hour(folder);
    zooming(folder, 1.0f);
    zooming(folder, 2.0f);
  }
  folder.deleteRecursively();
  return 0;
}
