#include "launcher.hpp"

#include "child_environment.hpp"
#include "user_folders.hpp"

namespace umtn::plugin {
namespace {

const juce::String kProgram = "umtn";

// Where a program of that name may be, the likeliest first.
std::vector<juce::File> places(const juce::String& name) {
  if (juce::File::isAbsolutePath(name))
    return {juce::File(name)};
  juce::StringArray folders;
#if JUCE_WINDOWS
  folders.addTokens(environment("PATH"), ";", "\"");
  const juce::String ending = name.endsWithIgnoreCase(".exe") ? "" : ".exe";
#else
  folders.addTokens(environment("PATH"), ":", {});
  const juce::String ending;
  folders.add(home_folder().getChildFile(".local/bin").getFullPathName());
  folders.addArray({"/usr/local/bin", "/opt/homebrew/bin"});
#endif
  std::vector<juce::File> files;
  for (const auto& folder : folders)
    if (juce::File::isAbsolutePath(folder.unquoted()))
      files.push_back(juce::File(folder.unquoted()).getChildFile(name + ending));
  return files;
}

// Where umtn says that it ran last.
std::vector<juce::File> last_places() {
  std::vector<juce::File> files;
  for (const auto& folder : data_folders()) {
    const auto path = read_own(folder.getChildFile(kCommandFile)).upToFirstOccurrenceOf("\n", 0, 0);
    if (juce::File::isAbsolutePath(path.trimEnd()))
      files.emplace_back(path.trimEnd());
  }
  return files;
}

juce::StringArray given_command() {
  juce::StringArray command;
  command.addTokens(environment("UMTN_BRIDGE_COMMAND"), " ", "\"");
  command.removeEmptyStrings();
  for (auto& word : command)
    word = word.unquoted();
  return command;
}

juce::String not_found(const juce::String& program) {
  if (program != kProgram)
    return "The program " + program +
           " was not found: see to it that it is there, or take it out of $UMTN_BRIDGE_COMMAND.";
  const juce::String again = ", then run \"umtn doctor\" in a terminal once, and start the bridge "
                             "here again.";
  for (const auto& file : last_places())
    if (!file.existsAsFile())
      return "umtn is no longer where it ran last, " + file.getFullPathName() + ": install it" +
             again;
  return "umtn was not found on this computer: install it" + again;
}

} // namespace

std::vector<juce::StringArray> bridge_commands() {
  if (const auto given = given_command(); !given.isEmpty())
    return {given};
  std::vector<juce::StringArray> commands;
  for (const auto& file : last_places())
    commands.push_back({file.getFullPathName(), "bridge"});
  commands.push_back({kProgram, "bridge"});
  return commands;
}

StartedBridge start_bridge(const juce::StringArray& command, const juce::File& log) {
  const auto commands = command.isEmpty() ? bridge_commands() : std::vector{command};
  Start start;
  start.environment = child_environment(own_environment());
  start.folder = home_folder().getFullPathName().toStdString();
  start.log = log.getFullPathName().toStdString();
  juce::String does_not_run;
  for (const auto& words : commands)
    for (const auto& file : places(words[0])) {
      if (!file.existsAsFile())
        continue;
      start.words = {file.getFullPathName().toStdString()};
      for (int n = 1; n < words.size(); ++n)
        start.words.push_back(words[n].toStdString());
      bool has_room = true;
      if (auto process = StartedProcess::start(start, has_room))
        return {std::move(process), {}};
      if (!has_room)
        return {nullptr, "The bridge cannot be started: the DAW has too many files open, or the "
                         "computer runs too many programs. Close some, and start it again."};
      if (does_not_run.isEmpty())
        does_not_run = "The bridge cannot be started: " + file.getFullPathName() +
                       " does not run on this computer. Install umtn again.";
    }
  return {nullptr, does_not_run.isEmpty() ? not_found(commands.back()[0]) : does_not_run};
}

} // namespace umtn::plugin
