#include "model_table.hpp"

namespace umtn::plugin {

bool ModelTable::receive(const Arguments& arguments) {
  const int index = arguments.integer(0), count = arguments.integer(1);
  if (count < 0 || count > 10000)
    return false;
  if (index >= 0) {
    Model model;
    model.name = arguments.text(2);
    model.targets = juce::StringArray::fromTokens(arguments.text(3), ",", {});
    model.targets.trim();
    model.targets.removeEmptyStrings();
    model.licence = arguments.text(4);
    model.engines = juce::StringArray::fromTokens(arguments.text(5), ",", {});
    parts_[index] = model;
  }
  while (!parts_.empty() && parts_.rbegin()->first >= count)
    parts_.erase(std::prev(parts_.end()));
  if (static_cast<int>(parts_.size()) != count)
    return false;
  models_.clear();
  for (const auto& [number, model] : parts_)
    models_.push_back(model);
  return true;
}

} // namespace umtn::plugin
