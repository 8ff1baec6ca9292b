#include "address.hpp"

#include "process.hpp"
#include "user_folders.hpp"

namespace umtn::plugin {

juce::File bridge_file() {
  const auto given = environment("UMTN_BRIDGE_FILE");
  if (given.isNotEmpty())
    return juce::File::getCurrentWorkingDirectory().getChildFile(given);
  juce::File first, left; // where one would be, and what one that has died has left
  for (const auto& folder : run_time_folders()) {
    const auto file = folder.getChildFile("bridge.json");
    if (first == juce::File())
      first = file;
    if (const auto address = read_bridge_address(file)) {
      if (process_lives(address->pid))
        return file;
      if (left == juce::File())
        left = file;
    }
  }
  return left == juce::File() ? first : left;
}

juce::File default_session_folder() {
  return data_folder().getChildFile("sessions");
}

std::optional<BridgeAddress> read_bridge_address(const juce::File& file) {
  const auto json = juce::JSON::parse(read_own(file));
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

} // namespace umtn::plugin
