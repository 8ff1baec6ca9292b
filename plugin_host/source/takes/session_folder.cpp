#include "session_folder.hpp"

namespace umtn::plugin {
namespace {

// # stands for a hexadecimal digit.
bool begins_like(const juce::String& text, const juce::String& pattern) {
  if (text.length() < pattern.length())
    return false;
  for (int n = 0; n < pattern.length(); ++n)
    if (pattern[n] == '#' ? juce::CharacterFunctions::getHexDigitValue(text[n]) < 0
                          : text[n] != pattern[n])
      return false;
  return true;
}

} // namespace

bool named_by_us(const juce::String& name) {
  if (!name.endsWith(".wav"))
    return false;
  return begins_like(name, "take ######## ") ||
         begins_like(name, "recorded ####-##-## ##.##.## ######.wav") ||
         begins_like(name, "imported ####-##-## ##.##.## ######");
}

juce::String new_session_name() {
  return "session " + juce::Time::getCurrentTime().formatted("%Y-%m-%d %H.%M.%S") + " " +
         juce::Uuid().toString().substring(0, 6);
}

juce::String new_take_id() {
  return "plugin-" + juce::Uuid().toString();
}

juce::File source_file(const juce::File& session, const juce::String& take) {
  return session.getChildFile("take " + take.getLastCharacters(8) + " source.wav");
}

juce::File result_file(const juce::File& session, const juce::String& take,
                       const juce::String& target) {
  return session.getChildFile(juce::File::createLegalFileName(
      "take " + take.getLastCharacters(8) + " " + target.substring(0, 64) + ".wav"));
}

std::vector<juce::File> likely_project_folders() {
  std::vector<juce::File> folders = {juce::File::getCurrentWorkingDirectory()};
#if JUCE_LINUX
  const auto words = juce::StringArray::fromTokens(
      juce::File("/proc/self/cmdline").loadFileAsString().replaceCharacter('\0', '\n'), "\n", {});
  for (int word = 1; word < words.size(); ++word) {
    const auto file = juce::File::getCurrentWorkingDirectory().getChildFile(words[word]);
    if (words[word].isEmpty() || !file.exists())
      continue;
    folders.push_back(file.isDirectory() ? file : file.getParentDirectory());
  }
#endif
  return folders;
}

} // namespace umtn::plugin
