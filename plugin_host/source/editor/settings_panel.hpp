// How the next take is to be made: model, instrument, temperature, seed, and so on.
#pragma once

#include "../bridge/messages.hpp"
#include "../instrument.hpp"
#include "../parameters.hpp"
#include "look.hpp"

namespace umtn::plugin {

class SettingsPanel : public juce::Component {
public:
  SettingsPanel(Parameters& parameters, Instrument& instrument);

  // What there is to choose from, and what a host or a project has chosen.
  void show(const std::vector<Model>& models);
  void resized() override;

  static constexpr int kHeight = 104;

private:
  void add(juce::Label& title, const juce::String& text, juce::Component& control);
  void choose_target();

  Parameters& parameters_;
  Instrument& instrument_;
  std::vector<Model> models_;

  juce::Label model_title_, target_title_, temperature_title_, seed_title_, mix_title_;
  juce::Label channels_title_, dynamics_title_, transpose_title_;
  juce::ComboBox model_, target_, channels_;
  juce::Slider temperature_, seed_, mix_, dynamics_, transpose_;
  juce::SliderParameterAttachment temperature_attachment_, seed_attachment_, mix_attachment_;
  // Of a box that has its choices already.
  std::unique_ptr<juce::ComboBoxParameterAttachment> channels_attachment_;
  juce::SliderParameterAttachment dynamics_attachment_, transpose_attachment_;
};

} // namespace umtn::plugin
