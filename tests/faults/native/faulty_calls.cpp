// A library for LD_PRELOAD: calls of the C library that fail when they are told to. Only in programs called devinit…; the services that
// inherit the environment are left alone.
//
//   FAULT_MALLOC=N       the N-th call of malloc, calloc or realloc fails, and every later one
//   FAULT_FSYNC=1        fsync and fdatasync fail with EIO
//   FAULT_CLOCK=FILE     the wall clock (not the steady one) is ahead by the 64-bit number of seconds that FILE holds at that moment

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

extern "C" void* __libc_malloc(size_t);
extern "C" void* __libc_calloc(size_t, size_t);
extern "C" void* __libc_realloc(void*, size_t);

namespace {

long malloc_fails_at = 0;
long mallocs = 0;
bool fsync_fails = false;
const volatile std::int64_t* wall_clock_ahead = nullptr;

bool is_devinit() { return std::strncmp(program_invocation_short_name, "devinit", 7) == 0; }

__attribute__((constructor)) void read_environment() {
  if (!is_devinit()) return;
  if (const char* number = std::getenv("FAULT_MALLOC")) malloc_fails_at = std::atol(number);
  fsync_fails = std::getenv("FAULT_FSYNC") != nullptr;
  if (const char* path = std::getenv("FAULT_CLOCK")) {
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    void* memory = file < 0 ? MAP_FAILED : mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, file, 0);
    if (memory != MAP_FAILED) wall_clock_ahead = static_cast<const std::int64_t*>(memory);
    if (file >= 0) close(file);
  }
}

bool malloc_fails() {
  if (malloc_fails_at == 0 || __atomic_add_fetch(&mallocs, 1, __ATOMIC_RELAXED) < malloc_fails_at) return false;
  errno = ENOMEM;
  return true;
}

std::int64_t ahead() { return wall_clock_ahead != nullptr ? *wall_clock_ahead : 0; }

template <class Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

void* malloc(size_t size) { return malloc_fails() ? nullptr : __libc_malloc(size); }
void* calloc(size_t count, size_t size) { return malloc_fails() ? nullptr : __libc_calloc(count, size); }
void* realloc(void* memory, size_t size) { return malloc_fails() ? nullptr : __libc_realloc(memory, size); }

int fsync(int file) {
  if (!fsync_fails) return real<int (*)(int)>("fsync")(file);
  errno = EIO;
  return -1;
}

int fdatasync(int file) {
  if (!fsync_fails) return real<int (*)(int)>("fdatasync")(file);
  errno = EIO;
  return -1;
}

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  static const auto call = real<int (*)(clockid_t, timespec*)>("clock_gettime");
  const int result = call(clock, time);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += ahead();
  return result;
}

int gettimeofday(timeval* __restrict time, void* __restrict zone) noexcept {
  static const auto call = real<int (*)(timeval*, void*)>("gettimeofday");
  const int result = call(time, zone);
  if (result == 0) time->tv_sec += ahead();
  return result;
}

time_t time(time_t* into) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (into != nullptr) *into = now.tv_sec;
  return now.tv_sec;
}

}  // extern "C"
