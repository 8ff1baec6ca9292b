#include "saved_files.hpp"

namespace umtn::plugin {
namespace {

constexpr auto kPrefix = ".used by ";

int today() {
  return static_cast<int>(juce::Time::currentTimeMillis() / (24 * 3600 * 1000));
}

// A line for each name: the day that it was last named, and the name.
SavedFiles::Days read(const juce::File& list) {
  SavedFiles::Days days;
  for (const auto& line : juce::StringArray::fromLines(list.loadFileAsString())) {
    const auto name = line.fromFirstOccurrenceOf(" ", false, false);
    const int day = line.getIntValue();
    if (name.isNotEmpty() && day > today() - SavedFiles::kKeptDays)
      days[name] = day;
  }
  return days;
}

} // namespace

void SavedFiles::add(const juce::String& instance, const std::vector<juce::File>& files) {
  std::map<juce::String, std::set<juce::String>> now;
  for (const auto& file : files)
    if (file != juce::File())
      now[file.getParentDirectory().getFullPathName()].insert(file.getFileName());
  for (const auto& [path, names] : now) {
    const juce::File folder(path), list = folder.getChildFile(kPrefix + instance);
    if (!folder.isDirectory())
      continue;
    // Another process may have the same project, or a copy of it: its names stay.
    const Days before = read(list);
    Days days = before;
    for (const auto& name : names)
      days[name] = today();
    if (days == before)
      continue;
    juce::String text;
    for (const auto& [name, day] : days)
      text << day << " " << name << "\n";
    list.replaceWithText(text);
  }
}

std::set<juce::String> SavedFiles::in(const juce::File& folder) {
  std::set<juce::String> names;
  for (const auto& list :
       folder.findChildFiles(juce::File::findFiles, false, juce::String(kPrefix) + "*"))
    for (const auto& [name, day] : read(list))
      names.insert(name);
  return names;
}

} // namespace umtn::plugin
