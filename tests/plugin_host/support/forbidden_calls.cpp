// Stands before the C library's functions in this program, and passes every call on.
#include "forbidden_calls.hpp"

#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <dlfcn.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/types.h>

namespace umtn::plugin::test {
namespace {

thread_local bool armed = false;
thread_local long calls = 0;
thread_local const char* last_call = "";

void note(const char* name) {
  if (armed) {
    ++calls;
    last_call = name;
  }
}

// The next definition of the same name.
template <class Function>
Function* next(const char* name) {
  const bool was = armed;
  armed = false; // dlsym may allocate
  auto* const function = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
  armed = was;
  return function;
}

} // namespace

ForbiddenCalls::ForbiddenCalls() {
  armed = true;
}
ForbiddenCalls::~ForbiddenCalls() {
  armed = false;
}
long ForbiddenCalls::count() {
  return calls;
}
const char* ForbiddenCalls::last() {
  return last_call;
}
void ForbiddenCalls::reset() {
  calls = 0;
}

} // namespace umtn::plugin::test

using umtn::plugin::test::next;
using umtn::plugin::test::note;

extern "C" {

// Allocation. These names of glibc's avoid asking dlsym, which allocates itself.
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);
void __libc_free(void*);

void* malloc(size_t size) {
  note("malloc");
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  note("calloc");
  return __libc_calloc(count, size);
}
void* realloc(void* old, size_t size) {
  note("realloc");
  return __libc_realloc(old, size);
}
void* memalign(size_t alignment, size_t size) {
  note("memalign");
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  note("aligned_alloc");
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** result, size_t alignment, size_t size) {
  note("posix_memalign");
  *result = __libc_memalign(alignment, size);
  return *result == nullptr ? 12 : 0;
}
void free(void* old) {
  if (old != nullptr)
    note("free");
  __libc_free(old);
}

// All others in one way.
#define UMTN_FORBID(result, name, parameters, arguments)                                           \
  result name parameters {                                                                         \
    note(#name);                                                                                   \
    static auto* const real = next<result parameters>(#name);                                      \
    return real arguments;                                                                         \
  }

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnonnull-compare"
UMTN_FORBID(int, pthread_mutex_lock, (pthread_mutex_t * mutex), (mutex))
UMTN_FORBID(int, pthread_mutex_trylock, (pthread_mutex_t * mutex), (mutex))
UMTN_FORBID(int, pthread_rwlock_rdlock, (pthread_rwlock_t * lock), (lock))
UMTN_FORBID(int, pthread_rwlock_wrlock, (pthread_rwlock_t * lock), (lock))
UMTN_FORBID(int, pthread_cond_signal, (pthread_cond_t * condition), (condition))
UMTN_FORBID(int, pthread_cond_broadcast, (pthread_cond_t * condition), (condition))
UMTN_FORBID(int, pthread_cond_wait, (pthread_cond_t * condition, pthread_mutex_t* mutex),
            (condition, mutex))
UMTN_FORBID(int, nanosleep, (const timespec* wanted, timespec* left), (wanted, left))
UMTN_FORBID(int, clock_nanosleep,
            (clockid_t clock, int flags, const timespec* wanted, timespec* left),
            (clock, flags, wanted, left))
UMTN_FORBID(ssize_t, read, (int file, void* data, size_t size), (file, data, size))
UMTN_FORBID(ssize_t, write, (int file, const void* data, size_t size), (file, data, size))
UMTN_FORBID(int, close, (int file), (file))
UMTN_FORBID(FILE*, fopen, (const char* path, const char* mode), (path, mode))
UMTN_FORBID(int, socket, (int domain, int type, int protocol), (domain, type, protocol))
UMTN_FORBID(ssize_t, send, (int file, const void* data, size_t size, int flags),
            (file, data, size, flags))
UMTN_FORBID(ssize_t, sendto,
            (int file, const void* data, size_t size, int flags, const sockaddr* to,
             socklen_t length),
            (file, data, size, flags, to, length))
UMTN_FORBID(ssize_t, recvfrom,
            (int file, void* data, size_t size, int flags, sockaddr* from, socklen_t* length),
            (file, data, size, flags, from, length))
#pragma GCC diagnostic pop

int open(const char* path, int flags, ...) {
  note("open");
  va_list more;
  va_start(more, flags);
  const auto mode = va_arg(more, mode_t);
  va_end(more);
  static auto* const real = next<int(const char*, int, ...)>("open");
  return real(path, flags, mode);
}

} // extern "C"
