#include "arguments.hpp"

namespace umtn::plugin {

juce::String Arguments::text(int index) const {
  return index < message_.size() && message_[index].isString() ? message_[index].getString()
                                                               : juce::String();
}

float Arguments::number(int index) const {
  if (index >= message_.size())
    return 0.0f;
  if (message_[index].isInt32())
    return static_cast<float>(message_[index].getInt32());
  return message_[index].isFloat32() ? message_[index].getFloat32() : 0.0f;
}

int Arguments::integer(int index) const {
  if (index < message_.size() && message_[index].isInt32())
    return message_[index].getInt32();
  const float value = number(index);
  return value > -1e9f && value < 1e9f ? static_cast<int>(value) : 0;
}

juce::File Arguments::file(int index) const {
  const auto path = text(index);
  return juce::File::isAbsolutePath(path) ? juce::File(path) : juce::File();
}

} // namespace umtn::plugin
