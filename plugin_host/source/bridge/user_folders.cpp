#include "user_folders.hpp"

#if !JUCE_WINDOWS
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace umtn::plugin {
namespace {

constexpr auto kName = "umtn";
constexpr std::size_t kLongest = 1 << 20;

void add(std::vector<juce::File>& folders, const juce::String& folder) {
  if (!juce::File::isAbsolutePath(folder))
    return;
  const auto file = juce::File(folder).getChildFile(kName);
  if (std::find(folders.begin(), folders.end(), file) == folders.end())
    folders.push_back(file);
}

} // namespace

juce::String environment(const char* name) {
  return juce::SystemStats::getEnvironmentVariable(name, {});
}

juce::File home_folder() {
  return juce::File::getSpecialLocation(juce::File::userHomeDirectory);
}

std::vector<juce::File> data_folders() {
  std::vector<juce::File> folders;
#if JUCE_WINDOWS
  add(folders, environment("LOCALAPPDATA"));
#else
  add(folders, environment("XDG_DATA_HOME"));
#if JUCE_MAC
  add(folders, home_folder().getChildFile("Library/Application Support").getFullPathName());
#else
  add(folders, home_folder().getChildFile(".local/share").getFullPathName());
#endif
#endif
  if (folders.empty())
    add(folders, home_folder().getFullPathName());
  return folders;
}

juce::File data_folder() {
  return data_folders().front();
}

std::vector<juce::File> run_time_folders() {
  std::vector<juce::File> folders;
#if JUCE_WINDOWS
  add(folders, juce::File(environment("LOCALAPPDATA")).getChildFile("Temp").getFullPathName());
#else
  add(folders, environment("XDG_RUNTIME_DIR"));
#if JUCE_MAC
  add(folders, home_folder().getChildFile("Library/Caches/TemporaryItems").getFullPathName());
#endif
  const juce::String user(static_cast<int>(geteuid()));
  for (const auto* folder : {"/run/user/", "/var/run/user/"})
    add(folders, folder + user);
  // A user without one, as behind cron or su, has one among temporary files.
  for (const auto* variable : {"TMPDIR", "TEMP", "TMP"})
    add(folders, environment(variable) + "/runtime-" + user);
  for (const auto* folder : {"/tmp", "/var/tmp", "/usr/tmp"})
    add(folders, juce::String(folder) + "/runtime-" + user);
#endif
  return folders;
}

juce::String read_own(const juce::File& file) {
#if JUCE_WINDOWS
  return file.existsAsFile() && file.getSize() <= juce::int64{kLongest} ? file.loadFileAsString()
                                                                        : juce::String();
#else
  const int handle =
      open(file.getFullPathName().toRawUTF8(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (handle < 0)
    return {};
  struct stat status;
  juce::MemoryBlock bytes;
  if (fstat(handle, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid() &&
      (status.st_mode & (S_IWGRP | S_IWOTH)) == 0 &&
      status.st_size <= static_cast<off_t>(kLongest)) {
    bytes.setSize(static_cast<std::size_t>(status.st_size));
    const auto size = read(handle, bytes.getData(), bytes.getSize());
    bytes.setSize(size > 0 ? static_cast<std::size_t>(size) : 0);
  }
  close(handle);
  return juce::String::fromUTF8(static_cast<const char*>(bytes.getData()),
                                static_cast<int>(bytes.getSize()));
#endif
}

} // namespace umtn::plugin
