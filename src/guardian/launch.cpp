#include "guardian/launch.hpp"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <initializer_list>

#include "guardian/syscalls.hpp"

namespace devinit::guardian {
namespace {

constexpr int kSetMask = 2;       // SIG_SETMASK
constexpr size_t kSignalSet = 8;  // bytes of the kernel's sigset_t

/// An executable for another machine is no text: the shell would only make a riddle of its error.
bool looks_like_script(const char* path) {
  const long fd = call(__NR_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) return false;
  char start[256];
  const long got = call(__NR_read, fd, start, sizeof start);
  call(__NR_close, fd);
  for (long i = 0; i < got; ++i) {
    if (start[i] == '\0') return false;
  }
  return got >= 0;
}

/// Whoever has nothing to be read gives us /dev/null.
bool has_input() {
  struct stat info;
  return call(__NR_fstat, 0, &info) == 0 && (S_ISFIFO(info.st_mode) || S_ISREG(info.st_mode));
}

/// stdout and stderr are one pipe, which keeps their order, but two open file descriptions: a program that makes its stdout
/// non-blocking (Node.js does) must not make the stderr of its children non-blocking.
void connect(int input, int output) {
  if (input != 0) call(__NR_dup3, input, 0, 0);
  call(__NR_dup3, output, 1, 0);
  const long again = call(__NR_openat, AT_FDCWD, "/proc/self/fd/1", O_WRONLY | O_CLOEXEC, 0);
  call(__NR_dup3, again >= 0 ? again : output, 2, 0);
}

void execute(const char* program, char** command, char** environment, volatile int* failure) {
  *failure = static_cast<int>(-call(__NR_execve, program, command, environment));
  if (*failure != ENOEXEC || !looks_like_script(program)) return;
  char shell[] = "/bin/sh";
  command[0] = command[-1];
  command[-1] = shell;
  *failure = 0;
  *failure = static_cast<int>(-call(__NR_execve, shell, command - 1, environment));
}

}  // namespace

int launch(const char* program, char** command, char** environment, Leader* leader) {
  int in[2];
  int out[2];
  const long shared = call(__NR_mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared < 0 && shared > -4096) return static_cast<int>(-shared);
  for (auto* ends : {&in, &out}) {
    const long error = call(__NR_pipe2, *ends, O_CLOEXEC);
    if (error != 0) return static_cast<int>(-error);
  }
  auto* failure = reinterpret_cast<volatile int*>(shared);
  call(__NR_fcntl, out[0], F_SETFL, O_NONBLOCK);
  const long self = call(__NR_getpid);
  const long child = call(__NR_clone, SIGCHLD, 0, 0, 0, 0);  // a plain fork: we are a few pages
  if (child < 0) return static_cast<int>(-child);
  if (child == 0) {
    call(__NR_setpgid, 0, 0);
    call(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    const bool orphaned = call(__NR_getppid) != self;  // the guardian died before the line above
    const uint64_t none = 0;
    call(__NR_rt_sigprocmask, kSetMask, &none, 0, kSignalSet);
    connect(has_input() ? 0 : in[0], out[1]);
    if (!orphaned) execute(program, command, environment, failure);  // everything else is close-on-exec
    for (;;) call(__NR_exit_group, 127);
  }
  call(__NR_setpgid, child, child);  // by both: a stop order may come before the child has run at all
  call(__NR_close, in[0]);
  call(__NR_close, out[1]);
  leader->pid = static_cast<pid_t>(child);
  leader->output = out[0];
  leader->stdin_keeper = in[1];
  leader->exec_failure = failure;
  return 0;
}

}  // namespace devinit::guardian
