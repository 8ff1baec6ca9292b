#include "address.hpp"

#if !JUCE_WINDOWS
#include <csignal>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace umtn::plugin {
namespace {

constexpr auto kFileName = "bridge.json";

juce::String environment(const char* name) {
  return juce::SystemStats::getEnvironmentVariable(name, {});
}

juce::File home() {
  return juce::File::getSpecialLocation(juce::File::userHomeDirectory);
}

// The bridge asks the Python package platformdirs; these are its answers. On Linux there are
// several, for systems that lack the usual folder.
std::vector<juce::File> run_time_folders() {
#if JUCE_WINDOWS
  const auto local = environment("LOCALAPPDATA");
  return {juce::File(local).getChildFile("Temp").getChildFile("umtn")};
#elif JUCE_MAC
  return {home().getChildFile("Library/Caches/TemporaryItems/umtn")};
#else
  std::vector<juce::File> folders;
  const auto user = juce::String(static_cast<int>(geteuid()));
  const auto add = [&](const juce::String& folder) {
    if (juce::File::isAbsolutePath(folder))
      folders.push_back(juce::File(folder).getChildFile("umtn"));
  };
  add(environment("XDG_RUNTIME_DIR"));
  add("/run/user/" + user);
  const auto temporary = environment("TMPDIR");
  if (temporary.isNotEmpty())
    add(temporary + "/runtime-" + user);
  add("/tmp/runtime-" + user);
  return folders;
#endif
}

// Where a user has no run-time folder, the file lies where others may write too.
bool is_ours(const juce::File& file) {
#if JUCE_WINDOWS
  juce::ignoreUnused(file);
  return true;
#else
  struct stat status;
  return stat(file.getFullPathName().toRawUTF8(), &status) == 0 && S_ISREG(status.st_mode) &&
         status.st_uid == geteuid() && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
#endif
}

} // namespace

juce::File bridge_file() {
  const auto given = environment("UMTN_BRIDGE_FILE");
  if (given.isNotEmpty())
    return juce::File::getCurrentWorkingDirectory().getChildFile(given);
  const auto folders = run_time_folders();
  for (const auto& folder : folders)
    if (folder.getChildFile(kFileName).existsAsFile())
      return folder.getChildFile(kFileName);
  return folders.front().getChildFile(kFileName);
}

juce::File default_session_folder() {
#if JUCE_WINDOWS
  const juce::File data(environment("LOCALAPPDATA"));
#elif JUCE_MAC
  const auto data = home().getChildFile("Library/Application Support");
#else
  const auto given = environment("XDG_DATA_HOME");
  const auto data =
      juce::File::isAbsolutePath(given) ? juce::File(given) : home().getChildFile(".local/share");
#endif
  return data.getChildFile("umtn").getChildFile("sessions");
}

std::optional<BridgeAddress> read_bridge_address(const juce::File& file) {
  if (!is_ours(file))
    return std::nullopt;
  const auto json = juce::JSON::parse(file.loadFileAsString());
  if (!json.isObject() || !json.hasProperty("port"))
    return std::nullopt;
  BridgeAddress address;
  address.protocol = json.getProperty("protocol", 0);
  address.version = json.getProperty("version", {}).toString();
  address.pid = json.getProperty("pid", 0);
  address.host = json.getProperty("host", address.host).toString();
  address.port = json.getProperty("port", address.port);
  address.started = json.getProperty("started", {}).toString();
  address.token = json.getProperty("token", {}).toString();
  const auto folder = json.getProperty("session_folder", {}).toString();
  if (juce::File::isAbsolutePath(folder))
    address.session_folder = juce::File(folder);
  // A bridge that listens everywhere is reached here.
  if (address.host.isEmpty() || address.host == "0.0.0.0" || address.host == "::" ||
      address.host == "localhost")
    address.host = "127.0.0.1";
  return address.port > 0 && address.port < 65536 ? std::optional(address) : std::nullopt;
}

bool process_lives(int pid) {
#if JUCE_WINDOWS
  juce::ignoreUnused(pid);
  return true;
#else
  return pid <= 0 || kill(pid, 0) == 0;
#endif
}

} // namespace umtn::plugin
