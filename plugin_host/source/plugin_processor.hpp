// The plugin as hosts see it.
#pragma once

#include "capture/capture_once.hpp"
#include "core.hpp"
#include "editor/waveforms.hpp"
#include "instrument.hpp"
#include "parameters.hpp"
#include "timeline/host_time.hpp"

namespace umtn::plugin {

// What the window had when it was last closed; 0: nobody has changed it.
struct EditorSize {
  int width = 0, height = 0;
  float scale = 0.0f;
};

class PluginProcessor : public juce::AudioProcessor,
                        private juce::AudioProcessorParameter::Listener,
                        private juce::Timer {
public:
  using AudioProcessor::processBlock; // those of double precision, which it leaves out
  using AudioProcessor::processBlockBypassed;

  PluginProcessor();
  ~PluginProcessor() override;

  void prepareToPlay(double rate, int max_block) override;
  void releaseResources() override {}
  void processBlock(juce::AudioBuffer<float>& audio, juce::MidiBuffer& midi) override;
  void processBlockBypassed(juce::AudioBuffer<float>& audio, juce::MidiBuffer& midi) override;
  bool isBusesLayoutSupported(const BusesLayout& layouts) const override;
  juce::AudioProcessorParameter* getBypassParameter() const override { return &parameters_.bypass; }

  void getStateInformation(juce::MemoryBlock& data) override;
  void setStateInformation(const void* data, int size) override;

  bool hasEditor() const override { return true; }
  juce::AudioProcessorEditor* createEditor() override;

  const juce::String getName() const override { return JucePlugin_Name; }
  // Takes sound where the input is silent, and listening where the host stands still: a plugin that
  // had a tail would be switched off there.
  double getTailLengthSeconds() const override { return std::numeric_limits<double>::infinity(); }
  bool acceptsMidi() const override { return false; }
  bool producesMidi() const override { return false; }
  int getNumPrograms() override { return 1; }
  int getCurrentProgram() override { return 0; }
  void setCurrentProgram(int) override {}
  const juce::String getProgramName(int) override { return "Default"; } // one must have a name
  void changeProgramName(int, const juce::String&) override {}

  // The editor's.
  Core& core() { return core_; }
  Parameters& parameters() { return parameters_; }
  Instrument& instrument() { return instrument_; }
  Waveforms& waveforms() { return waveforms_; }
  // Where there is no host to have a transport; nullptr where there is.
  OwnTransport* own_transport() { return standalone_ ? &own_transport_ : nullptr; }
  // Renders as soon as the transport stops after something was recorded.
  bool auto_render() const { return auto_render_; }
  void set_auto_render(bool on);
  // Turns capture off after one pass in which something was recorded.
  bool capture_once() const { return once_.on(); }
  void set_capture_once(bool on);
  EditorSize editor_size() const { return {width_, height_, scale_}; }
  void set_editor_size(EditorSize size);
  // How the next take is to be made. Any thread but the audio thread.
  RenderSettings render_settings() const;

private:
  void process(juce::AudioBuffer<float>& audio, bool bypass) noexcept UMTN_REALTIME;

  Instrument instrument_;
  Parameters parameters_{*this, instrument_};
  // The capture parameter's.
  void parameterValueChanged(int, float value) override { once_.arm(value > 0.5f); }
  void parameterGestureChanged(int, bool) override {}
  void timerCallback() override;

  std::atomic<bool> auto_render_{false};
  CaptureOnce once_;
  std::atomic<int> width_{0}, height_{0};
  std::atomic<float> scale_{0.0f};
  const bool standalone_ = wrapperType == wrapperType_Standalone;
  OwnTransport own_transport_;
  HostTime host_time_{wrapperType == wrapperType_LV2};
  Core core_; // last: its threads ask for the settings
  Waveforms waveforms_{core_.capture()};
};

} // namespace umtn::plugin
