// Programs that are started from here and go on without us. Knows neither JUCE nor the bridge.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace umtn::plugin {

struct Start {
  std::vector<std::string> words;       // the first is the program's whole path; all in UTF-8
  std::vector<std::string> environment; // NAME=value
  std::string folder;                   // to run in; where that is not possible, the system's root
  std::string log;                      // what it says is added to this file, for the user's eyes
};

// A program that was started. It outlives this object, and this process.
class StartedProcess {
public:
  // Nothing where the program does not run, or, by `has_room`, no other would just now.
  static std::unique_ptr<StartedProcess> start(const Start& start, bool& has_room);
  ~StartedProcess();
  StartedProcess(const StartedProcess&) = delete;
  StartedProcess& operator=(const StartedProcess&) = delete;

  bool lives() const;

private:
  explicit StartedProcess(void* handle) : handle_(handle) {}
  void* const handle_; // the process's, or the end of a pipe whose other end it holds
};

// Whether such a process of this user lives; true where that cannot be known.
bool process_lives(int pid);

// All of this process's, as NAME=value in UTF-8.
std::vector<std::string> own_environment();

} // namespace umtn::plugin
