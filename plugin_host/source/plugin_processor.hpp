// The plugin as hosts see it.
#pragma once

#include "core.hpp"
#include "editor/waveforms.hpp"
#include "instrument.hpp"
#include "parameters.hpp"
#include "timeline/host_time.hpp"

namespace umtn::plugin {

class PluginProcessor : public juce::AudioProcessor {
public:
  using AudioProcessor::processBlock; // those of double precision, which it leaves out
  using AudioProcessor::processBlockBypassed;

  PluginProcessor();

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
  double getTailLengthSeconds() const override { return 0.0; }
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
  // How the next take is to be made. Any thread but the audio thread.
  RenderSettings render_settings() const;

private:
  void process(juce::AudioBuffer<float>& audio, bool bypass) noexcept UMTN_REALTIME;

  Parameters parameters_{*this};
  Instrument instrument_;
  std::atomic<bool> auto_render_{false};
  const bool standalone_ = wrapperType == wrapperType_Standalone;
  OwnTransport own_transport_;
  HostTime host_time_{wrapperType == wrapperType_LV2};
  Core core_; // last: its threads ask for the settings
  Waveforms waveforms_{core_.capture()};
};

} // namespace umtn::plugin
