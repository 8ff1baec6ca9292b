#include "process.hpp"

#if defined(_WIN32)

#define WIN32_LEAN_AND_MEAN
#ifndef NOMINMAX
#define NOMINMAX
#endif
#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0601
#endif
#include <array>
#include <windows.h>

namespace umtn::plugin {
namespace {

std::wstring wide(const std::string& text) {
  const int size =
      MultiByteToWideChar(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), nullptr, 0);
  std::wstring result(static_cast<std::size_t>(size), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), result.data(), size);
  return result;
}

std::string narrow(const std::wstring& text) {
  const int size = WideCharToMultiByte(CP_UTF8, 0, text.data(), static_cast<int>(text.size()),
                                       nullptr, 0, nullptr, nullptr);
  std::string result(static_cast<std::size_t>(size), '\0');
  WideCharToMultiByte(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), result.data(), size,
                      nullptr, nullptr);
  return result;
}

// As programs take their command line apart: backslashes count only before a quotation mark.
std::wstring quoted(const std::wstring& word) {
  std::wstring result = L"\"";
  std::size_t backslashes = 0;
  for (const wchar_t letter : word) {
    if (letter == L'\\') {
      ++backslashes;
      continue;
    }
    result.append(letter == L'"' ? 2 * backslashes + 1 : backslashes, L'\\');
    backslashes = 0;
    result += letter;
  }
  return result.append(2 * backslashes, L'\\') + L'"';
}

HANDLE open_inherited(const std::wstring& name, DWORD access, DWORD creation) {
  SECURITY_ATTRIBUTES inherited = {sizeof(SECURITY_ATTRIBUTES), nullptr, TRUE};
  return CreateFileW(name.c_str(), access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                     &inherited, creation, FILE_ATTRIBUTE_NORMAL, nullptr);
}

// What the program inherits of this process: these files, and none that other threads open.
class Inherited {
public:
  explicit Inherited(std::array<HANDLE, 2>& files) {
    SIZE_T size = 0;
    InitializeProcThreadAttributeList(nullptr, 1, 0, &size);
    memory_.resize(size);
    list_ = reinterpret_cast<LPPROC_THREAD_ATTRIBUTE_LIST>(memory_.data());
    initialised_ = InitializeProcThreadAttributeList(list_, 1, 0, &size) != 0;
    usable_ = initialised_ &&
              UpdateProcThreadAttribute(list_, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, files.data(),
                                        sizeof files, nullptr, nullptr) != 0;
  }
  ~Inherited() {
    if (initialised_)
      DeleteProcThreadAttributeList(list_);
  }
  Inherited(const Inherited&) = delete;
  Inherited& operator=(const Inherited&) = delete;
  LPPROC_THREAD_ATTRIBUTE_LIST list() const { return usable_ ? list_ : nullptr; }

private:
  std::vector<char> memory_;
  LPPROC_THREAD_ATTRIBUTE_LIST list_ = nullptr;
  bool initialised_ = false, usable_ = false;
};

HANDLE create(const Start& start, HANDLE nothing, HANDLE log) {
  std::wstring line, environment;
  for (const auto& word : start.words)
    line += (line.empty() ? L"" : L" ") + quoted(wide(word));
  for (const auto& entry : start.environment)
    environment += wide(entry) + L'\0';
  environment += L'\0';
  std::array<HANDLE, 2> files = {nothing, log};
  const Inherited inherited(files);
  if (inherited.list() == nullptr)
    return nullptr;
  STARTUPINFOEXW how = {};
  how.StartupInfo.cb = sizeof how;
  how.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
  how.StartupInfo.hStdInput = nothing;
  how.StartupInfo.hStdOutput = how.StartupInfo.hStdError = log;
  how.lpAttributeList = inherited.list();
  PROCESS_INFORMATION process = {};
  // Its console has no window, and its workers share it. Without any (DETACHED_PROCESS), each of
  // them would open one.
  constexpr DWORD flags = CREATE_NO_WINDOW | CREATE_NEW_PROCESS_GROUP | CREATE_UNICODE_ENVIRONMENT |
                          EXTENDED_STARTUPINFO_PRESENT;
  const auto program = wide(start.words[0]), folder = wide(start.folder);
  if (!CreateProcessW(program.c_str(), line.data(), nullptr, nullptr, TRUE, flags,
                      environment.data(), folder.empty() ? nullptr : folder.c_str(),
                      &how.StartupInfo, &process))
    return nullptr;
  CloseHandle(process.hThread);
  return process.hProcess;
}

bool has_ended(HANDLE process) {
  return WaitForSingleObject(process, 0) == WAIT_OBJECT_0;
}

} // namespace

std::unique_ptr<StartedProcess> StartedProcess::start(const Start& start, bool& has_room) {
  const HANDLE nothing = open_inherited(L"NUL", GENERIC_READ, OPEN_EXISTING);
  HANDLE log = open_inherited(wide(start.log), FILE_APPEND_DATA | SYNCHRONIZE, OPEN_ALWAYS);
  if (log == INVALID_HANDLE_VALUE)
    log = open_inherited(L"NUL", GENERIC_WRITE, OPEN_EXISTING);
  HANDLE process = nullptr;
  has_room = nothing != INVALID_HANDLE_VALUE && log != INVALID_HANDLE_VALUE;
  if (has_room)
    process = create(start, nothing, log);
  for (const HANDLE file : {nothing, log})
    if (file != INVALID_HANDLE_VALUE)
      CloseHandle(file);
  return std::unique_ptr<StartedProcess>(process == nullptr ? nullptr
                                                            : new StartedProcess(process));
}

StartedProcess::~StartedProcess() {
  CloseHandle(handle_);
}

bool StartedProcess::lives() const {
  return !has_ended(handle_);
}

bool process_lives(int pid) {
  if (pid <= 0)
    return true;
  const HANDLE process = OpenProcess(SYNCHRONIZE, FALSE, static_cast<DWORD>(pid));
  // There is none, or it is another user's, which has only got the number since.
  if (process == nullptr)
    return false;
  const bool ended = has_ended(process); // whoever holds a handle keeps the number of what is gone
  CloseHandle(process);
  return !ended;
}

std::vector<std::string> own_environment() {
  std::vector<std::string> all;
  wchar_t* const block = GetEnvironmentStringsW();
  for (const wchar_t* entry = block; entry != nullptr && *entry != L'\0';) {
    const std::wstring text(entry);
    all.push_back(narrow(text));
    entry += text.size() + 1;
  }
  if (block != nullptr)
    FreeEnvironmentStringsW(block);
  return all;
}

} // namespace umtn::plugin

#endif
