#include "os/spawn_child.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstddef>

// The child borrows a piece of the parent's stack and leaves it by exec, without returning. Instrumented frames would leave
// poisoned shadow memory behind, which the parent would take for its own.
#define RUNS_IN_CHILD __attribute__((noinline, no_sanitize("address", "undefined")))

namespace devinit::os {

namespace {

// A few system calls deep; most of it is for the dynamic linker, which saves the vector registers when it binds a symbol.
constexpr std::size_t kStackBytes = std::size_t{32} << 10;

[[noreturn]] RUNS_IN_CHILD void fail(ChildPlan& plan, SpawnStep step) {
  plan.error = errno;
  plan.failed_step = step;
  ::_exit(127);
}

/// exec keeps ignored signals ignored, so a caller that ignores SIGPIPE or SIGINT would make the child ignore it, too.
RUNS_IN_CHILD void reset_signal_handlers() {
  struct sigaction standard;
  standard.sa_handler = SIG_DFL;
  standard.sa_flags = 0;
  ::sigemptyset(&standard.sa_mask);
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &standard, nullptr);  // EINVAL for those that have none
}

RUNS_IN_CHILD void unblock_signals() {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// Lifts every source out of the range of targets first: then no move can overwrite the source of a later one.
RUNS_IN_CHILD bool move_descriptors(ChildPlan& plan) {
  DescriptorMove* const begin = plan.moves.data();
  DescriptorMove* const end = begin + plan.moves.size();
  for (DescriptorMove* move = begin; move != end; ++move) {
    if (move->source >= plan.first_free) continue;
    move->source = ::fcntl(move->source, F_DUPFD_CLOEXEC, plan.first_free);
    if (move->source < 0) return false;
  }
  for (const DescriptorMove* move = begin; move != end; ++move) {
    if (::dup2(move->source, move->target) < 0) return false;
  }
  return true;
}

RUNS_IN_CHILD void close_from_to(unsigned first, unsigned end, int descriptor_limit) {
  if (first >= end) return;
  if (::close_range(first, end - 1, 0) == 0) return;
  const unsigned limit = static_cast<unsigned>(descriptor_limit);
  for (unsigned fd = first; fd < end && fd < limit; ++fd) ::close(static_cast<int>(fd));
}

/// Closed here and not by close-on-exec: the kernel lets the parent go on before it gets to those, and the parent may wait for
/// the end of a pipe whose other side would still be open.
RUNS_IN_CHILD void close_others(const ChildPlan& plan, int kept) {
  unsigned first = 0;
  const DescriptorMove* const end = plan.moves.data() + plan.moves.size();
  for (const DescriptorMove* move = plan.moves.data(); move != end; ++move) {
    close_from_to(first, static_cast<unsigned>(move->target), plan.descriptor_limit);
    first = static_cast<unsigned>(move->target) + 1;
  }
  if (kept >= 0) {
    close_from_to(first, static_cast<unsigned>(kept), plan.descriptor_limit);
    first = static_cast<unsigned>(kept) + 1;
  }
  close_from_to(first, UINT_MAX, plan.descriptor_limit);
}

/// A parent that ended before the kernel was asked tells nobody any more: then we are somebody else's child already.
RUNS_IN_CHILD void die_with(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (::getppid() != parent) ::_exit(127);
}

RUNS_IN_CHILD int run_child(void* data) {
  ChildPlan& plan = *static_cast<ChildPlan*>(data);
  reset_signal_handlers();
  if (plan.new_session && ::setsid() < 0) fail(plan, SpawnStep::session);
  // The leader of a new session leads a new group already, and may not ask for one.
  if (plan.new_group && !plan.new_session && ::setpgid(0, 0) != 0) fail(plan, SpawnStep::group);
  if (plan.cwd != nullptr && ::chdir(plan.cwd) != 0) fail(plan, SpawnStep::directory);

  int executable = -1;
  if (plan.executable >= 0) {
    executable = ::fcntl(plan.executable, F_DUPFD_CLOEXEC, plan.first_free);
    if (executable < 0) fail(plan, SpawnStep::descriptors);
  }
  if (!move_descriptors(plan)) fail(plan, SpawnStep::descriptors);
  close_others(plan, executable);

  if (plan.dies_with != 0) die_with(plan.dies_with);
  unblock_signals();
  if (executable >= 0) {
    ::execveat(executable, "", plan.argv, plan.envp, AT_EMPTY_PATH);
  } else {
    ::execve(plan.path, plan.argv, plan.envp);
  }
  fail(plan, SpawnStep::exec);
}

void reap(const Cloned& child) {
  while (::waitpid(child.pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  ::close(child.pidfd);
}

}  // namespace

RUNS_IN_CHILD Cloned clone_child(ChildPlan& plan) {
  // The thread sleeps until the child has left the stack, so a part of its own one will do, and costs neither mmap nor faults.
  alignas(16) std::byte stack[kStackBytes];
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);

  Cloned child;
  child.pid = ::clone(run_child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &plan, &child.pidfd);
  if (child.pid < 0) child.error = errno;
  // Before the mask is restored: a handler of SIGCHLD that reaps everything must not meet a child that never was one.
  if (child.pid > 0 && plan.failed_step != SpawnStep::none) reap(child);

  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return child;
}

}  // namespace devinit::os
