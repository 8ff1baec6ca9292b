#include "saved_files.hpp"

namespace umtn::plugin {
namespace {
constexpr auto kPrefix = ".used by ";
}

void SavedFiles::add(const juce::String& instance, const std::vector<juce::File>& files) {
  if (instance != instance_)
    names_.clear();
  instance_ = instance;
  std::map<juce::String, std::set<juce::String>> now;
  for (const auto& file : files)
    if (file != juce::File())
      now[file.getParentDirectory().getFullPathName()].insert(file.getFileName());
  for (const auto& [path, names] : now) {
    auto& known = names_[path];
    const int before = known.size();
    for (const auto& name : names)
      known.addIfNotAlreadyThere(name);
    const juce::File folder(path), list = folder.getChildFile(kPrefix + instance);
    if (folder.isDirectory() && (known.size() != before || !list.existsAsFile()))
      list.replaceWithText(known.joinIntoString("\n") + "\n");
  }
}

std::set<juce::String> SavedFiles::in(const juce::File& folder) {
  std::set<juce::String> names;
  for (const auto& list :
       folder.findChildFiles(juce::File::findFiles, false, juce::String(kPrefix) + "*"))
    for (const auto& name : juce::StringArray::fromLines(list.loadFileAsString()))
      if (name.isNotEmpty())
        names.insert(name);
  return names;
}

} // namespace umtn::plugin
