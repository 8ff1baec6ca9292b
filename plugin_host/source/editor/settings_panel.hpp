// How the next take is to be made: instrument, variation, mix, and, folded away, the rest.
#pragma once

#include "../core/previews.hpp"
#include "../instrument.hpp"
#include "../parameters.hpp"
#include "icon_button.hpp"
#include "look.hpp"

#include <functional>

namespace umtn::plugin {

class SettingsPanel : public juce::Component {
public:
  SettingsPanel(Parameters& parameters, Instrument& instrument);

  // What there is to choose from, and what a host or a project has chosen.
  void show(const std::vector<Model>& models);
  // Says beside the fold how much of what is folded away was changed; cheap.
  void show_changes();
  bool unfolded() const { return unfolded_; }
  void unfold(bool yes);
  int height() const;
  void resized() override;

  // What becomes of a preview that was asked for.
  void show_preview(const Preview& preview);
  juce::String model() const { return model_.getText(); }
  juce::StringArray instruments() const;

  std::function<void()> on_fold; // its height has changed
  std::function<void(const juce::String& instrument)> on_preview;

private:
  void add(juce::Label& title, const juce::String& text, juce::Component& control);
  void add_tooltips();
  void choose_target();
  void throw_dice();

  Parameters& parameters_;
  Instrument& instrument_;
  std::vector<Model> models_;
  bool unfolded_ = false;

  juce::Label model_title_, target_title_, temperature_title_, seed_title_, mix_title_;
  juce::Label channels_title_, dynamics_title_, transpose_title_;
  juce::ComboBox model_, target_, channels_;
  juce::Slider temperature_, seed_, mix_, dynamics_, transpose_;
  IconButton preview_, dice_;
  juce::TextButton fold_;
  juce::SliderParameterAttachment temperature_attachment_, seed_attachment_, mix_attachment_;
  // Of a box that has its choices already.
  std::unique_ptr<juce::ComboBoxParameterAttachment> channels_attachment_;
  juce::SliderParameterAttachment dynamics_attachment_, transpose_attachment_;
};

} // namespace umtn::plugin
