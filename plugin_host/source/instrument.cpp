#include "instrument.hpp"

namespace umtn::plugin {

void Instrument::choose_model(const juce::String& model) {
  const std::lock_guard lock(mutex_);
  model_ = model;
}

void Instrument::choose_target(const juce::String& target, int number) {
  const std::lock_guard lock(mutex_);
  target_ = target;
  number_ = number;
}

Instrument::Choice Instrument::choice(const std::vector<Model>& models, int number) const {
  const std::lock_guard lock(mutex_);
  const Model* const model = find(models, model_);
  const bool named = target_.isNotEmpty() && number == number_;
  if (named && (model == nullptr || model->targets.contains(target_)))
    return {model_, target_};
  // An index beyond the end gives an empty string.
  return {model_, model == nullptr ? juce::String() : model->targets[number - 1]};
}

const Model* Instrument::find(const std::vector<Model>& models, const juce::String& name) {
  for (const Model& model : models)
    if (model.name == name)
      return &model;
  return nullptr;
}

} // namespace umtn::plugin
