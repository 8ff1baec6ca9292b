#include "plugin_processor.hpp"

#include "editor/plugin_editor.hpp"

namespace umtn::plugin {

namespace {

// Beside the parameters in the state, though no host may automate them.
constexpr auto kAutoRender = "auto_render", kCaptureOnce = "capture_once",
               kEditorWidth = "editor_width", kEditorHeight = "editor_height",
               kEditorScale = "editor_scale";
constexpr int kTimesASecond = 20; // that somebody looks whether capture is over

CoreOptions options(std::function<RenderSettings()> settings, Instrument& instrument) {
  CoreOptions options;
  options.settings = std::move(settings);
  options.models_changed = [&](const std::vector<Model>& models) { instrument.know(models); };
  return options;
}

} // namespace

PluginProcessor::PluginProcessor()
    : AudioProcessor(BusesProperties()
                         .withInput("Input", juce::AudioChannelSet::stereo())
                         .withOutput("Output", juce::AudioChannelSet::stereo())),
      core_(options([this] { return render_settings(); }, instrument_)) {
  instrument_.on_names = [this] {
    updateHostDisplay(ChangeDetails().withParameterInfoChanged(true));
  };
  parameters_.capture.addListener(this);
}

PluginProcessor::~PluginProcessor() {
  stopTimer();
  parameters_.capture.removeListener(this);
}

bool PluginProcessor::isBusesLayoutSupported(const BusesLayout& layouts) const {
  const auto output = layouts.getMainOutputChannelSet();
  return output == layouts.getMainInputChannelSet() &&
         (output == juce::AudioChannelSet::mono() || output == juce::AudioChannelSet::stereo());
}

void PluginProcessor::prepareToPlay(double rate, int max_block) {
  core_.prepare(rate, max_block, getTotalNumInputChannels());
}

void PluginProcessor::processBlock(juce::AudioBuffer<float>& audio, juce::MidiBuffer&) {
  process(audio, parameters_.bypass.get());
}

void PluginProcessor::processBlockBypassed(juce::AudioBuffer<float>& audio, juce::MidiBuffer&) {
  process(audio, true);
}

void PluginProcessor::process(juce::AudioBuffer<float>& audio, bool bypass) noexcept UMTN_REALTIME {
  const juce::ScopedNoDenormals no_denormals;
  const int samples = audio.getNumSamples();
  const Transport transport =
      standalone_ ? own_transport_.advance(getSampleRate(), samples)
                  : host_time_.next(getPlayHead(), getSampleRate(), isNonRealtime(), samples);

  const bool armed =
      once_.records(transport, samples, parameters_.capture.get() && !bypass, steady_seconds());

  core_.observe(transport, samples, parameters_.render.triggered() && !bypass, armed);
  core_.capture().process(audio, transport, armed);
  const PlayControls controls = parameters_.play_controls(bypass);
  core_.set_audition(controls.audition);
  core_.listen().process(audio, transport, controls);
}

RenderSettings PluginProcessor::render_settings() const {
  const auto models = core_.view().connection.models;
  const auto choice = instrument_.choice(models, parameters_.target.get());
  return {choice.model,
          choice.target,
          parameters_.seed.get(),
          parameters_.temperature.get(),
          parameters_.channels.getCurrentChoiceName(),
          parameters_.dynamics.get(),
          parameters_.transpose.get()};
}

void PluginProcessor::set_auto_render(bool on) {
  auto_render_ = on;
  core_.set_auto_render(on);
}

// The parameter is the message thread's to set. Where a host has none, capture ends all the same.
void PluginProcessor::set_capture_once(bool on) {
  once_.set(on);
  if (on)
    startTimerHz(kTimesASecond);
  else
    stopTimer();
}

void PluginProcessor::timerCallback() {
  auto& capture = parameters_.capture;
  if (!once_.over() || !capture.get())
    return;
  capture.beginChangeGesture();
  capture = false;
  capture.endChangeGesture();
}

void PluginProcessor::set_editor_size(EditorSize size) {
  width_ = std::clamp(size.width, 0, 10000);
  height_ = std::clamp(size.height, 0, 10000);
  scale_ = std::clamp(size.scale, 0.0f, 10.0f);
}

juce::AudioProcessorEditor* PluginProcessor::createEditor() {
  return new PluginEditor(*this);
}

void PluginProcessor::getStateInformation(juce::MemoryBlock& data) {
  const auto settings = render_settings();
  State state;
  state.parameters = parameters_.values();
  state.parameters[kAutoRender] = auto_render_ ? 1.0f : 0.0f;
  state.parameters[kCaptureOnce] = capture_once() ? 1.0f : 0.0f;
  state.parameters[kEditorWidth] = static_cast<float>(width_);
  state.parameters[kEditorHeight] = static_cast<float>(height_);
  state.parameters[kEditorScale] = scale_;
  state.model = settings.model;
  state.target = settings.target;
  data = core_.save(std::move(state));
}

void PluginProcessor::setStateInformation(const void* data, int size) {
  const auto state = core_.load(data, static_cast<std::size_t>(std::max(size, 0)));
  if (!state)
    return; // not ours: everything stays as it is
  parameters_.restore(state->parameters);
  instrument_.choose_model(state->model);
  instrument_.choose_target(state->target, parameters_.target.get());
  const auto number = [&](const char* id) {
    const auto found = state->parameters.find(id);
    return found == state->parameters.end() ? 0.0f : std::clamp(found->second, 0.0f, 10000.0f);
  };
  set_auto_render(number(kAutoRender) > 0.5f);
  set_capture_once(number(kCaptureOnce) > 0.5f);
  set_editor_size({juce::roundToInt(number(kEditorWidth)), juce::roundToInt(number(kEditorHeight)),
                   number(kEditorScale)});
}

} // namespace umtn::plugin

juce::AudioProcessor* JUCE_CALLTYPE createPluginFilter() {
  return new umtn::plugin::PluginProcessor();
}
