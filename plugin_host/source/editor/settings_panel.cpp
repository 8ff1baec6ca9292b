#include "settings_panel.hpp"

namespace umtn::plugin {

namespace {

void make_bar(juce::Slider& slider, const juce::String& tooltip) {
  slider.setSliderStyle(juce::Slider::LinearBar);
  slider.setTooltip(tooltip);
}

void fill(juce::ComboBox& box, const juce::StringArray& names, const juce::String& chosen,
          const juce::String& none) {
  auto shown = names;
  if (chosen.isNotEmpty() && !shown.contains(chosen))
    shown.add(chosen); // what the project asks for, whether it is there now or not
  juce::StringArray before;
  for (int index = 0; index < box.getNumItems(); ++index)
    before.add(box.getItemText(index));
  if (before != shown) {
    box.clear(juce::dontSendNotification);
    box.addItemList(shown, 1);
  }
  box.setTextWhenNothingSelected(none);
  box.setSelectedItemIndex(shown.indexOf(chosen), juce::dontSendNotification);
}

} // namespace

SettingsPanel::SettingsPanel(Parameters& parameters, Instrument& instrument)
    : parameters_(parameters), instrument_(instrument),
      temperature_attachment_(parameters.temperature, temperature_),
      seed_attachment_(parameters.seed, seed_), mix_attachment_(parameters.mix, mix_),
      dynamics_attachment_(parameters.dynamics, dynamics_),
      transpose_attachment_(parameters.transpose, transpose_) {
  add(target_title_, "Play it on", target_);
  add(model_title_, "Model", model_);
  add(temperature_title_, "Temperature", temperature_);
  add(seed_title_, "Seed", seed_);
  add(mix_title_, "Mix", mix_);
  add(channels_title_, "Channels", channels_);
  add(dynamics_title_, "Dynamics", dynamics_);
  add(transpose_title_, "Transpose", transpose_);
  channels_.addItemList(parameters.channels.choices, 1);
  channels_attachment_ =
      std::make_unique<juce::ComboBoxParameterAttachment>(parameters.channels, channels_);
  target_.setTooltip("The instrument that the next take is played on");
  model_.setTooltip("Which trained network translates; models found by the bridge");
  make_bar(temperature_, "Lower is cleaner and duller, higher livelier and noisier. At the left: "
                         "as the model itself wants it.");
  make_bar(seed_, "Another seed is another performance of the same notes");
  make_bar(mix_, "How much of the translation is heard: 0 % is the input alone");
  channels_.setTooltip(
      "auto: one player is translated once and placed as it was. per-channel: each "
      "channel by itself. mono: their mean. mid: the middle, the sides stay.");
  make_bar(dynamics_, "How much of the input's loud and soft is given back to the translation");
  make_bar(transpose_, "Semitones that the input is raised by before it is played. One above the "
                       "highest: the octaves that bring most of it into the model's range.");
  for (auto* slider : {&seed_, &transpose_}) {
    slider->setSliderStyle(juce::Slider::IncDecButtons);
    slider->setTextBoxStyle(juce::Slider::TextBoxLeft, false, 56, 26);
    slider->setIncDecButtonsMode(juce::Slider::incDecButtonsDraggable_Vertical);
  }
  mix_.setTextValueSuffix(" %");
  dynamics_.setTextValueSuffix(" %");
  for (auto* slider : {&temperature_, &seed_, &mix_, &dynamics_, &transpose_})
    slider->setColour(juce::Slider::textBoxOutlineColourId, colours::raised);
  model_.onChange = [this] {
    instrument_.choose_model(model_.getText());
    show(models_);
  };
  target_.onChange = [this] { choose_target(); };
}

void SettingsPanel::add(juce::Label& title, const juce::String& text, juce::Component& control) {
  addAndMakeVisible(title);
  addAndMakeVisible(control);
  title.setText(text, juce::dontSendNotification);
  title.setColour(juce::Label::textColourId, colours::quiet_text);
  title.setBorderSize({});
  control.setTitle(text);
  control.setHasFocusOutline(true);
  control.setWantsKeyboardFocus(true);
}

void SettingsPanel::show(const std::vector<Model>& models) {
  models_ = models;
  juce::StringArray names;
  for (const Model& model : models)
    names.add(model.name);
  const auto choice = instrument_.choice(models, parameters_.target.get());
  fill(model_, names, choice.model, "none found");
  const Model* const model = Instrument::find(models, choice.model);
  fill(target_, model != nullptr ? model->targets : juce::StringArray(), choice.target,
       models.empty() ? "no bridge" : "choose");
  target_.setEnabled(target_.getNumItems() > 0);
  model_.setEnabled(model_.getNumItems() > 0);
}

void SettingsPanel::choose_target() {
  const auto name = target_.getText();
  const Model* const model = Instrument::find(models_, model_.getText());
  if (name.isEmpty() || model == nullptr || !model->targets.contains(name))
    return;
  const int number = Instrument::number_of(model->targets, name);
  instrument_.choose_target(name, number);
  parameters_.target.beginChangeGesture();
  parameters_.target = number;
  parameters_.target.endChangeGesture();
}

void SettingsPanel::resized() {
  constexpr int kGap = 10, kTitle = 20, kRow = 48;
  auto bounds = getLocalBounds().removeFromTop(kRow);
  const int part = (bounds.getWidth() - 4 * kGap) / 10;
  const auto place = [&](juce::Label& title, juce::Component& control, int parts) {
    auto column = bounds.removeFromLeft(parts * part);
    title.setBounds(column.removeFromTop(kTitle));
    control.setBounds(column);
    bounds.removeFromLeft(kGap);
  };
  place(target_title_, target_, 3);
  place(model_title_, model_, 2);
  place(temperature_title_, temperature_, 2);
  place(seed_title_, seed_, 2);
  place(mix_title_, mix_, 1);
  bounds = getLocalBounds().removeFromBottom(kRow);
  place(channels_title_, channels_, 3);
  place(dynamics_title_, dynamics_, 2);
  place(transpose_title_, transpose_, 2);
}

} // namespace umtn::plugin
