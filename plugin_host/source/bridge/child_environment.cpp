#include "child_environment.hpp"

#include <map>
#include <sstream>

namespace umtn::plugin {
namespace {

using Variables = std::map<std::string, std::string>;

// What Ardour's launcher keeps of the environment before it, a line each.
constexpr auto kArdours = "PREBUNDLE_ENV";
// What others keep beside a variable that they change.
const std::string kKept = "_ORIG";

bool starts_with(const std::string& text, const std::string& start) {
  return text.compare(0, start.size(), start) == 0;
}
// The variable that one is kept of; empty where it is none of those.
std::string without_ending(const std::string& name) {
  const auto at = name.rfind(kKept);
  return at != std::string::npos && at + kKept.size() == name.size() ? name.substr(0, at)
                                                                     : std::string();
}

// Which libraries, modules and plugins programs load, and traces of an AppImage.
bool is_the_daws(const std::string& name) {
  for (const auto* exact : {"APPDIR", "APPIMAGE", "ARGV0", "OWD"})
    if (name == exact)
      return true;
  for (const auto* start : {"LD_", "DYLD_", "PYTHON", "QT_", "GTK_", "GDK_", "GIO_", "GCONV_",
                            "GSETTINGS_", "_PYI", "_MEIPASS"})
    if (starts_with(name, start))
      return true;
  return false;
}

void add(Variables& variables, const std::string& entry) {
  // On Windows some names begin with "=".
  const auto end = entry.find('=', 1);
  if (end != std::string::npos)
    variables.emplace(entry.substr(0, end), entry.substr(end + 1));
}

} // namespace

std::vector<std::string> child_environment(const std::vector<std::string>& own) {
  Variables variables, result, before_ardour;
  for (const auto& entry : own)
    add(variables, entry);
  if (const auto found = variables.find(kArdours); found != variables.end()) {
    std::istringstream lines(found->second);
    for (std::string line; std::getline(lines, line);)
      add(before_ardour, line);
    variables.erase(found);
  }
  for (const auto& [name, value] : variables)
    if (!is_the_daws(name))
      result[name] = value;
  for (const auto& [name, value] : variables)
    if (const auto kept = without_ending(name); is_the_daws(kept) && !value.empty())
      result[kept] = value;
  // Whatever it changed, such as the PATH, is as it was.
  for (const auto& [name, value] : before_ardour)
    if (is_the_daws(name) || variables.count(name) != 0)
      result[name] = value;

  std::vector<std::string> entries;
  for (const auto& [name, value] : result)
    entries.push_back(name + "=" + value);
  return entries;
}

} // namespace umtn::plugin
