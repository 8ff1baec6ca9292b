#include "live_instance.hpp"

#include <algorithm>
#include <mutex>

namespace umtn::plugin {
namespace {

struct Living {
  std::mutex mutex;
  std::vector<const LiveInstance*> instances;
};

Living& living() {
  static Living all;
  return all;
}

constexpr int kIdLength = 32;

} // namespace

LiveInstance::LiveInstance(Files files) : files_(std::move(files)), id_(juce::Uuid().toString()) {
  const std::lock_guard lock(living().mutex);
  living().instances.push_back(this);
}

LiveInstance::~LiveInstance() {
  const std::lock_guard lock(living().mutex);
  auto& all = living().instances;
  all.erase(std::remove(all.begin(), all.end(), this), all.end());
}

juce::String LiveInstance::id() const {
  const std::lock_guard lock(living().mutex);
  return id_;
}

void LiveInstance::take_over(const juce::String& id) {
  if (id.length() != kIdLength || !id.containsOnly("0123456789abcdef"))
    return;
  const std::lock_guard lock(living().mutex);
  const auto& all = living().instances;
  if (std::none_of(all.begin(), all.end(), [&](const auto* one) { return one->id_ == id; }))
    id_ = id;
}

std::vector<juce::File> LiveInstance::files() {
  std::vector<juce::File> files;
  const std::lock_guard lock(living().mutex);
  for (const auto* const instance : living().instances)
    for (const auto& file : instance->files_())
      files.push_back(file);
  return files;
}

} // namespace umtn::plugin
