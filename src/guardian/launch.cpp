#include "guardian/launch.hpp"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "guardian/syscalls.hpp"
#include "guardian/text.hpp"

namespace devinit::guardian {
namespace {

constexpr int kSetMask = 2;       // SIG_SETMASK
constexpr size_t kSignalSet = 8;  // bytes of the kernel's sigset_t
constexpr int kFirstPassed = 3;   // SD_LISTEN_FDS_START

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

/// LISTEN_PID has to name the process that may take the socket, so that its children leave it alone; nobody knew that pid before.
void name_listener(char** environment) {
  constexpr char kName[] = "LISTEN_PID=";
  constexpr size_t kLength = sizeof kName - 1;
  static Text<32> entry;
  for (; *environment != nullptr; ++environment) {
    size_t same = 0;
    while (same < kLength && (*environment)[same] == kName[same]) ++same;
    if (same < kLength) continue;
    entry << kName << static_cast<uint64_t>(call(__NR_getpid));
    *environment = entry.data();
  }
}

SetupFailure pass_socket(char** environment) {
  const long passed = call(__NR_dup3, kSocketFd, kFirstPassed, 0);
  if (passed < 0) return {static_cast<int>(-passed), SetupStep::socket};
  name_listener(environment);
  return {};
}

SetupFailure execute(const LaunchPlan& plan) {
  const long error = call(__NR_execve, plan.program, plan.command, plan.environment);
  if (error != -ENOEXEC || !looks_like_script(plan.program)) return {static_cast<int>(-error), SetupStep::exec};
  char shell[] = "/bin/sh";
  char** command = plan.command - 1;
  command[1] = command[0];
  command[0] = shell;
  return {static_cast<int>(-call(__NR_execve, shell, command, plan.environment)), SetupStep::exec};
}

/// In the child; returns only when it cannot run.
SetupFailure become(const LaunchPlan& plan, int input, int output) {
  const uint64_t none = 0;
  call(__NR_rt_sigprocmask, kSetMask, &none, 0, kSignalSet);
  connect(input, output);
  SetupFailure failure;
  if (plan.socket) failure = pass_socket(plan.environment);
  if (failure.error == 0) failure = apply_limits(plan.limits);
  if (failure.error == 0) failure = execute(plan);  // everything else is close-on-exec
  return failure;
}

/// A plain fork: we are a few pages.
long fork_plainly() { return call(__NR_clone, SIGCHLD, 0, 0, 0, 0); }

/// Straight into the control group with a kernel that can (5.7): to move a process makes the whole machine wait. Elsewhere the child tries to
/// move itself. The group is an extra: whoever cannot be in it runs without.
long fork_into_group() {
  clone_args arguments{};
  arguments.flags = CLONE_INTO_CGROUP;
  arguments.exit_signal = SIGCHLD;
  arguments.cgroup = kCgroupFd;
  if (const long child = call(__NR_clone3, &arguments, sizeof arguments); child >= 0) return child;
  const long members = call(__NR_openat, kCgroupFd, "cgroup.procs", O_WRONLY | O_CLOEXEC, 0);
  const long child = fork_plainly();
  if (child == 0) call(__NR_write, members, "0", 1);
  call(__NR_close, members);
  return child;
}

/// Both ends of what it writes to; 0, or an errno.
long open_output(bool discard, int* ends) {
  if (!discard) {
    const long error = call(__NR_pipe2, ends, O_CLOEXEC);
    if (error == 0) call(__NR_fcntl, ends[0], F_SETFL, O_NONBLOCK);
    return error;
  }
  ends[0] = -1;
  ends[1] = static_cast<int>(call(__NR_openat, AT_FDCWD, "/dev/null", O_WRONLY | O_CLOEXEC));
  return ends[1] < 0 ? ends[1] : 0;
}

}  // namespace

int launch(const LaunchPlan& plan, Leader* leader) {
  int in[2];
  int out[2];
  const long shared = call(__NR_mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared < 0 && shared > -4096) return static_cast<int>(-shared);
  if (const long error = call(__NR_pipe2, in, O_CLOEXEC); error != 0) return static_cast<int>(-error);
  if (const long error = open_output(plan.discard_output, out); error != 0) return static_cast<int>(-error);
  auto* failure = reinterpret_cast<volatile SetupFailure*>(shared);
  const long self = call(__NR_getpid);
  const long child = plan.cgroup ? fork_into_group() : fork_plainly();
  if (child < 0) return static_cast<int>(-child);
  if (child == 0) {
    call(__NR_setpgid, 0, 0);
    call(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    const bool orphaned = call(__NR_getppid) != self;  // the guardian died before the line above
    if (!orphaned) {
      const SetupFailure met = become(plan, has_input() ? 0 : in[0], out[1]);
      failure->step = met.step;
      failure->asked = met.asked;
      failure->error = met.error;
    }
    for (;;) call(__NR_exit_group, 127);
  }
  call(__NR_setpgid, child, child);  // by both: a stop order may come before the child has run at all
  call(__NR_close, in[0]);
  call(__NR_close, out[1]);
  if (plan.socket) call(__NR_close, kSocketFd);  // whoever holds it is taken for its server
  leader->pid = static_cast<pid_t>(child);
  leader->output = out[0];
  leader->stdin_keeper = in[1];
  leader->failure = failure;
  return 0;
}

}  // namespace devinit::guardian
