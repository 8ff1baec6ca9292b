#include "settings_panel.hpp"

#include "instrument_picker.hpp"

namespace umtn::plugin {

namespace {

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

constexpr int kGap = 10, kTitle = 20, kRow = 48;

} // namespace

SettingsPanel::SettingsPanel(Parameters& parameters, Instrument& instrument)
    : parameters_(parameters), instrument_(instrument), preview_(Icon::hear, "Preview"),
      dice_(Icon::dice, "Another variation", "throws the dice"),
      temperature_attachment_(parameters.temperature, temperature_),
      seed_attachment_(parameters.seed, seed_), mix_attachment_(parameters.mix, mix_),
      dynamics_attachment_(parameters.dynamics, dynamics_),
      transpose_attachment_(parameters.transpose, transpose_) {
  add(target_title_, "Play it on", target_);
  addAndMakeVisible(preview_);
  add(seed_title_, "Variation", seed_);
  addAndMakeVisible(dice_);
  add(mix_title_, "Mix", mix_);
  addAndMakeVisible(fold_);
  add(model_title_, "Model", model_);
  add(temperature_title_, "Character", temperature_);
  add(dynamics_title_, "Dynamics", dynamics_);
  add(transpose_title_, "Transpose", transpose_);
  add(channels_title_, "Channels", channels_);
  channels_.addItemList(parameters.channels.choices, 1);
  channels_attachment_ =
      std::make_unique<juce::ComboBoxParameterAttachment>(parameters.channels, channels_);
  for (auto* slider : {&temperature_, &mix_, &dynamics_})
    slider->setSliderStyle(juce::Slider::LinearBar);
  for (auto* slider : {&seed_, &transpose_}) {
    slider->setSliderStyle(juce::Slider::IncDecButtons);
    slider->setTextBoxStyle(juce::Slider::TextBoxLeft, false, 60, 26);
    slider->setIncDecButtonsMode(juce::Slider::incDecButtonsDraggable_Vertical);
  }
  mix_.setTextValueSuffix(" %");
  dynamics_.setTextValueSuffix(" %");
  for (auto* slider : {&temperature_, &seed_, &mix_, &dynamics_, &transpose_})
    slider->setColour(juce::Slider::textBoxOutlineColourId, colours::raised);
  add_tooltips();
  model_.onChange = [this] {
    instrument_.choose_model(model_.getText());
    show(models_);
  };
  target_.onChange = [this] { choose_target(); };
  preview_.onClick = [this] {
    if (on_preview)
      on_preview(target_.getText());
  };
  dice_.onClick = [this] { throw_dice(); };
  fold_.setHasFocusOutline(true);
  fold_.onClick = [this] { unfold(!unfolded_); };
  unfold(false);
}

void SettingsPanel::add_tooltips() {
  target_.setTooltip("The instrument that the next take is played on");
  seed_.setTooltip("Another number is another performance of the same notes");
  mix_.setTooltip("How much of the translation is heard: 0 % is the input alone");
  fold_.setTooltip("Model, character, dynamics, transposition and channels, for who wants them "
                   "other than they are");
  model_.setTooltip("Which trained network translates; models found by the bridge");
  temperature_.setTooltip("Lower is cleaner and duller, higher livelier and noisier. At the left: "
                          "as the model itself wants it.");
  dynamics_.setTooltip("How much of the input's loud and soft is given back to the translation");
  transpose_.setTooltip(
      "Semitones that the input is raised by before it is played. One above the highest: the "
      "octaves that bring most of it into the model's range.");
  channels_.setTooltip(
      "auto: one player is translated once and placed as it was. per-channel: each "
      "channel by itself. mono: their mean. mid: the middle, the sides stay.");
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
  preview_.setEnabled(model != nullptr && model->targets.contains(choice.target));
}

void SettingsPanel::show_preview(const Preview& preview) {
  show_on_button(preview_, preview, target_.getText());
}

juce::StringArray SettingsPanel::instruments() const {
  const Model* const model = Instrument::find(models_, model_.getText());
  return model == nullptr ? juce::StringArray() : model->targets;
}

void SettingsPanel::show_changes() {
  int changed = instrument_.choice({}, 1).model == "default" ? 0 : 1;
  for (const auto* parameter : std::initializer_list<const juce::RangedAudioParameter*>{
           &parameters_.temperature, &parameters_.dynamics, &parameters_.transpose,
           &parameters_.channels})
    if (std::abs(parameter->getValue() - parameter->getDefaultValue()) > 1e-4f)
      ++changed;
  juce::String text = "Advanced";
  if (changed > 0)
    text << " (" << changed << " changed)";
  fold_.setButtonText(text);
}

void SettingsPanel::unfold(bool yes) {
  unfolded_ = yes;
  fold_.setToggleState(yes, juce::dontSendNotification);
  show_changes();
  for (auto* part : std::initializer_list<juce::Component*>{
           &model_title_, &model_, &temperature_title_, &temperature_, &dynamics_title_, &dynamics_,
           &transpose_title_, &transpose_, &channels_title_, &channels_})
    part->setVisible(yes);
  resized();
  if (on_fold)
    on_fold();
}

int SettingsPanel::height() const {
  return unfolded_ ? 2 * kRow + kGap : kRow;
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

void SettingsPanel::throw_dice() {
  auto& seed = parameters_.seed;
  const auto range = seed.getRange();
  const int others = range.getEnd() - range.getStart(); // all but the present one
  const int thrown =
      range.getStart() + juce::Random::getSystemRandom().nextInt(std::max(1, others));
  seed.beginChangeGesture();
  seed = thrown < seed.get() ? thrown : thrown + 1;
  seed.endChangeGesture();
}

void SettingsPanel::resized() {
  const auto column = [](juce::Rectangle<int>& row, int width, juce::Label& title) {
    auto bounds = row.removeFromLeft(width);
    row.removeFromLeft(kGap);
    title.setBounds(bounds.removeFromTop(kTitle));
    return bounds;
  };
  auto row = getLocalBounds().removeFromTop(kRow);
  fold_.setBounds(row.removeFromRight(160).removeFromBottom(kRow - kTitle));
  row.removeFromRight(kGap);
  const int part = (row.getWidth() - 2 * kGap) / 10;
  auto instrument = column(row, 4 * part, target_title_);
  preview_.setBounds(instrument.removeFromRight(IconButton::kWidth));
  instrument.removeFromRight(4);
  target_.setBounds(instrument);
  auto variation = column(row, 3 * part, seed_title_);
  dice_.setBounds(variation.removeFromRight(IconButton::kWidth));
  variation.removeFromRight(4);
  seed_.setBounds(variation);
  mix_.setBounds(column(row, row.getWidth(), mix_title_));
  if (!unfolded_)
    return;
  row = getLocalBounds().withTrimmedTop(kRow + kGap).withHeight(kRow);
  const int fifth = (row.getWidth() - 4 * kGap) / 5;
  model_.setBounds(column(row, fifth, model_title_));
  temperature_.setBounds(column(row, fifth, temperature_title_));
  dynamics_.setBounds(column(row, fifth, dynamics_title_));
  transpose_.setBounds(column(row, fifth, transpose_title_));
  channels_.setBounds(column(row, row.getWidth(), channels_title_));
}

} // namespace umtn::plugin
