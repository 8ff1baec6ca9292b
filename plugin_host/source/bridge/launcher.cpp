#include "launcher.hpp"

#include "address.hpp"

#if !JUCE_WINDOWS
#include <cerrno>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>
#endif

namespace umtn::plugin {
namespace {

juce::File program(const juce::String& name) {
  if (juce::File::isAbsolutePath(name))
    return juce::File(name);
  juce::StringArray folders;
#if JUCE_WINDOWS
  folders.addTokens(juce::SystemStats::getEnvironmentVariable("PATH", {}), ";", {});
  const juce::StringArray endings = {".exe", ".bat", ""};
#else
  folders.addTokens(juce::SystemStats::getEnvironmentVariable("PATH", {}), ":", {});
  const juce::StringArray endings = {""};
  // A DAW that was started from the desktop often has a shorter PATH than a terminal.
  const auto home = juce::File::getSpecialLocation(juce::File::userHomeDirectory);
  folders.add(home.getChildFile(".local/bin").getFullPathName());
  folders.addArray({"/usr/local/bin", "/opt/homebrew/bin"});
#endif
  for (const auto& folder : folders)
    for (const auto& ending : endings)
      if (juce::File::isAbsolutePath(folder)) {
        const auto file = juce::File(folder).getChildFile(name + ending);
        if (file.existsAsFile())
          return file;
      }
  return {};
}

#if !JUCE_WINDOWS

// In the child, between fork and exec: only what is safe there.
[[noreturn]] void become(char* const* words, int log, int failure) {
  setsid(); // a signal to the DAW's terminal is not for it
  if (fork() != 0)
    _exit(0); // so that nobody has to wait for the grandchild
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, STDIN_FILENO);
  dup2(log >= 0 ? log : open("/dev/null", O_WRONLY), STDOUT_FILENO);
  dup2(STDOUT_FILENO, STDERR_FILENO);
  // The DAW's files and sockets are not the bridge's.
  for (int file = 3; file < 4096; ++file)
    if (file != failure)
      close(file);
  execv(words[0], words);
  const int error = errno;
  const auto written = write(failure, &error, sizeof error);
  _exit(written == sizeof error ? 126 : 127);
}

juce::String launch(const juce::StringArray& words, const juce::File& log_file) {
  std::vector<std::string> texts;
  for (const auto& word : words)
    texts.push_back(word.toStdString());
  std::vector<char*> pointers;
  for (auto& text : texts)
    pointers.push_back(text.data());
  pointers.push_back(nullptr);

  log_file.getParentDirectory().createDirectory();
  const int log =
      open(log_file.getFullPathName().toRawUTF8(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  int ends[2] = {-1, -1};
  if (pipe(ends) != 0)
    return "The bridge cannot be started: the system has no room for another process.";
  for (const int end : ends)
    fcntl(end, F_SETFD, FD_CLOEXEC);
  const pid_t child = fork();
  if (child == 0)
    become(pointers.data(), log, ends[1]);
  close(ends[1]);
  if (log >= 0)
    close(log);
  int error = 0;
  if (child > 0) {
    waitpid(child, nullptr, 0);
    if (read(ends[0], &error, sizeof error) != sizeof error)
      error = 0; // the pipe closed without a word: it runs
  }
  close(ends[0]);
  if (child < 0 || error != 0)
    return "The bridge cannot be started: " + words[0] + " does not run on this machine.";
  return {};
}

#else

juce::String launch(const juce::StringArray& words, const juce::File&) {
  juce::StringArray arguments(words);
  arguments.remove(0);
  for (auto& argument : arguments)
    argument = argument.quoted();
  return juce::File(words[0]).startAsProcess(arguments.joinIntoString(" "))
             ? juce::String()
             : "The bridge cannot be started: " + words[0] + " does not run on this machine.";
}

#endif

} // namespace

juce::StringArray default_bridge_command() {
  const auto given = juce::SystemStats::getEnvironmentVariable("UMTN_BRIDGE_COMMAND", {});
  juce::StringArray command;
  command.addTokens(given, " ", "\"");
  command.removeEmptyStrings();
  for (auto& word : command)
    word = word.unquoted();
  return command.isEmpty() ? juce::StringArray{"umtn", "bridge"} : command;
}

juce::String start_bridge(const juce::StringArray& command) {
  const auto file = command.isEmpty() ? juce::File() : program(command[0]);
  if (!file.existsAsFile())
    return "The program " + (command.isEmpty() ? juce::String("umtn") : command[0]) +
           " was not found: install umtn, or run \"umtn bridge\" in a terminal.";
  juce::StringArray words(command);
  words.set(0, file.getFullPathName());
  return launch(words, default_session_folder().getSiblingFile("bridge.log"));
}

} // namespace umtn::plugin
