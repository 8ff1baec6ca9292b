#include "instrument.hpp"

namespace umtn::plugin {

// Tells of the names where they are others than before, and not with the lock held.
template <class Change>
void Instrument::change(Change change) {
  const auto names = [this] {
    const Model* const model = find(models_, model_);
    return model != nullptr ? model->targets : juce::StringArray();
  };
  {
    const std::lock_guard lock(mutex_);
    const auto before = names();
    change();
    if (names() == before)
      return;
  }
  if (on_names)
    on_names();
}

void Instrument::choose_model(const juce::String& model) {
  change([&] { model_ = model; });
}

void Instrument::know(const std::vector<Model>& models) {
  change([&] { models_ = models; });
}

void Instrument::choose_target(const juce::String& target, int number) {
  const std::lock_guard lock(mutex_);
  target_ = target;
  number_ = number;
}

Instrument::Choice Instrument::choice(const std::vector<Model>& models, int number) const {
  const std::lock_guard lock(mutex_);
  if (target_.isNotEmpty() && number == number_)
    return {model_, target_};
  const Model* const model = find(models, model_);
  // An index beyond the end gives an empty string.
  return {model_, model == nullptr ? juce::String() : model->targets[number - 1]};
}

juce::String Instrument::name_of(int number) const {
  const std::lock_guard lock(mutex_);
  const Model* const model = find(models_, model_);
  const auto name = model != nullptr ? model->targets[number - 1] : juce::String();
  return name.isNotEmpty() ? name : "Instrument " + juce::String(number);
}

int Instrument::number_of(const juce::String& name) const {
  const std::lock_guard lock(mutex_);
  const Model* const model = find(models_, model_);
  const int index = model != nullptr ? model->targets.indexOf(name.trim(), true) : -1;
  return index >= 0 ? index + 1 : std::max(1, name.getTrailingIntValue());
}

const Model* Instrument::find(const std::vector<Model>& models, const juce::String& name) {
  for (const Model& model : models)
    if (model.name == name)
      return &model;
  return nullptr;
}

} // namespace umtn::plugin
