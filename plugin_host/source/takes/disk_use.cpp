#include "disk_use.hpp"

#include "live_instance.hpp"
#include "saved_files.hpp"
#include "session_folder.hpp"

namespace umtn::plugin {
namespace {

// A file that is just being made is in no list yet.
constexpr double kSettled = 60.0; // seconds

// Their names alone, which are made once in the world: a folder may have several paths.
std::set<juce::String> needed_in(const juce::File& folder) {
  auto names = SavedFiles::in(folder);
  for (const auto& file : LiveInstance::files())
    names.insert(file.getFileName());
  return names;
}

bool is_unused(const juce::File& file, const std::set<juce::String>& needed) {
  const auto age = juce::Time::getCurrentTime() - file.getLastModificationTime();
  return needed.count(file.getFileName()) == 0 && age.inSeconds() > kSettled;
}

} // namespace

DiskUse measure_disk(const juce::File& folder) {
  DiskUse use;
  if (!folder.isDirectory())
    return use;
  const auto needed = needed_in(folder);
  for (const auto& file : folder.findChildFiles(juce::File::findFiles, false, "*.wav")) {
    if (!named_by_us(file.getFileName()))
      continue;
    const bool unused = is_unused(file, needed);
    (unused ? use.unused_bytes : use.used_bytes) += file.getSize();
    if (unused)
      use.unused.push_back(file);
  }
  std::sort(use.unused.begin(), use.unused.end());
  return use;
}

bool trash_unused(const juce::File& file) {
  return named_by_us(file.getFileName()) && is_unused(file, needed_in(file.getParentDirectory())) &&
         file.moveToTrash();
}

} // namespace umtn::plugin
