#include "can_render.hpp"

#include <algorithm>

namespace umtn::plugin {

juce::String why_not_render(const Connection& connection, const RenderSettings& settings) {
  const auto& models = connection.models;
  if (connection.connected() && !models.empty()) {
    const auto model = std::find_if(models.begin(), models.end(),
                                    [&](const Model& one) { return one.name == settings.model; });
    if (model == models.end())
      return "The bridge has no model " + settings.model + ": choose another.";
    if (settings.target.isNotEmpty() && !model->targets.contains(settings.target))
      return "The model " + model->name + " has no " + settings.target +
             ": choose another instrument.";
  }
  if (settings.target.isNotEmpty())
    return {};
  if (!connection.connected())
    return connection.sentence.isNotEmpty()
               ? connection.sentence
               : juce::String("The bridge is not there yet: try again in a moment.");
  return models.empty() ? "The bridge has not named its instruments yet: try again in a moment."
                        : "Choose an instrument first.";
}

} // namespace umtn::plugin
