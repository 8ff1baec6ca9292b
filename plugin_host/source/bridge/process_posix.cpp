#include "process.hpp"

#if !defined(_WIN32)

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/syscall.h>
#endif

extern char** environ;

namespace umtn::plugin {
namespace {

// Where the child finds what it is given.
constexpr int kLife = 3, kFailure = 4, kFirstOfOthers = 5;

// Beyond what the child's files are put in the place of.
int moved_up(int file) {
  if (file < 0)
    return file;
  const int moved = fcntl(file, F_DUPFD_CLOEXEC, 2 * kFirstOfOthers);
  close(file);
  return moved;
}

// Of which no other program that this process starts meanwhile gets an end: it would hold it open.
struct Pipe {
  Pipe() {
    int ends[2] = {-1, -1};
#if defined(__linux__)
    if (pipe2(ends, O_CLOEXEC) != 0)
      return;
#else
    if (pipe(ends) != 0) // and hope: there is nothing better
      return;
    for (const int end : ends)
      fcntl(end, F_SETFD, FD_CLOEXEC);
#endif
    read = moved_up(ends[0]);
    write = moved_up(ends[1]);
  }
  ~Pipe() {
    close_read();
    close_write();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  bool whole() const { return read >= 0 && write >= 0; }
  void close_read() { close_end(read); }
  void close_write() { close_end(write); }
  static void close_end(int& end) {
    if (end >= 0)
      close(end);
    end = -1;
  }
  int read = -1, write = -1;
};

int open_log(const std::string& name) {
  const int file =
      open(name.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
  struct stat status;
  if (file >= 0 && fstat(file, &status) == 0 && S_ISREG(status.st_mode) &&
      fchmod(file, 0600) == 0) // an older one may be wider
    return moved_up(file);
  if (file >= 0)
    close(file);
  return moved_up(open("/dev/null", O_WRONLY | O_CLOEXEC));
}

// One more than the highest number of a file, for systems that cannot close all at once.
int end_of_files() {
  constexpr int margin = 256; // others may open some meanwhile
  int highest = -1;
  if (DIR* const folder = opendir("/dev/fd")) {
    while (const dirent* const entry = readdir(folder))
      highest = std::max(highest, std::atoi(entry->d_name));
    closedir(folder);
  }
  if (highest >= 0)
    return highest + margin;
  rlimit limit;
  return getrlimit(RLIMIT_NOFILE, &limit) == 0
             ? static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 1 << 16))
             : 1024;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (const auto& text : texts)
    all.push_back(const_cast<char*>(text.c_str()));
  all.push_back(nullptr);
  return all;
}

// All that the child needs, made before there is one: it may neither allocate nor lock, since other
// threads of the DAW may have been in the midst of both.
struct Child {
  char* const* words;
  char* const* environment;
  const char* folder;
  int log, nothing, life, failure, files_end;
};

void close_others(int files_end) {
#if defined(SYS_close_range)
  if (syscall(SYS_close_range, kFirstOfOthers, ~0u, 0) == 0)
    return;
#endif
  for (int file = kFirstOfOthers; file < files_end; ++file)
    close(file);
}

pid_t bare_fork() {
#if defined(__GLIBC__)
#if __GLIBC_PREREQ(2, 34)
  return _Fork(); // without what the DAW's libraries want done at a fork
#endif
#endif
  return fork();
}

[[noreturn]] void become(const Child& child) {
  setsid(); // a signal to the DAW's terminal is not for it
  if (bare_fork() != 0)
    _exit(0); // so that nobody has to wait for the grandchild
  // What the DAW ignores and blocks, it need not.
  for (int number = 1; number < NSIG; ++number)
    signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  dup2(child.nothing, STDIN_FILENO);
  dup2(child.log, STDOUT_FILENO);
  dup2(child.log, STDERR_FILENO);
  dup2(child.life, kLife);
  dup2(child.failure, kFailure);
  fcntl(kFailure, F_SETFD, FD_CLOEXEC);
  close_others(child.files_end); // the DAW's files and sockets are not its own
  // Nor does it keep a disk from being taken out.
  if (chdir(child.folder) != 0 && chdir("/") != 0)
    _exit(127);
  execve(child.words[0], child.words, child.environment);
  const int error = errno;
  _exit(write(kFailure, &error, sizeof error) == sizeof error ? 126 : 127);
}

pid_t fork_quietly(const Child& child) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before); // no handler of the DAW's runs in the child
  const pid_t process = bare_fork();
  if (process == 0)
    become(child);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return process;
}

int as_file(void* handle) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(handle));
}

} // namespace

std::unique_ptr<StartedProcess> StartedProcess::start(const Start& start, bool& has_room) {
  const auto words = pointers(start.words), environment = pointers(start.environment);
  Pipe life, failure;
  int log = open_log(start.log);
  int nothing = moved_up(open("/dev/null", O_RDONLY | O_CLOEXEC));
  std::unique_ptr<StartedProcess> started;
  has_room = false;
  if (life.whole() && failure.whole() && log >= 0 && nothing >= 0) {
    const pid_t process = fork_quietly({words.data(), environment.data(), start.folder.c_str(), log,
                                        nothing, life.write, failure.write, end_of_files()});
    life.close_write();
    failure.close_write();
    if (process > 0) {
      has_room = true;
      while (waitpid(process, nullptr, 0) < 0 && errno == EINTR)
        continue;
      int error = 0;
      ssize_t size = 0;
      while ((size = read(failure.read, &error, sizeof error)) < 0 && errno == EINTR)
        continue;
      if (size == 0) { // closed without a word: it runs
        started.reset(new StartedProcess(reinterpret_cast<void*>(std::intptr_t{life.read})));
        life.read = -1;
      }
    }
  }
  Pipe::close_end(log);
  Pipe::close_end(nothing);
  return started;
}

StartedProcess::~StartedProcess() {
  close(as_file(handle_));
}

bool StartedProcess::lives() const {
  pollfd end = {as_file(handle_), POLLIN, 0};
  char letter = 0;
  // Nobody writes: the pipe can be read from once nobody is left who could.
  return poll(&end, 1, 0) <= 0 || read(end.fd, &letter, 1) != 0;
}

bool process_lives(int pid) {
  return pid <= 0 || kill(pid, 0) == 0;
}

std::vector<std::string> own_environment() {
  std::vector<std::string> all;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
    all.emplace_back(*entry);
  return all;
}

} // namespace umtn::plugin

#endif
