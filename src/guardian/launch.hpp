#pragma once

#include <sys/types.h>

#include "guardian/limits.hpp"

/// The start of the service's first process.
namespace devinit::guardian {

/// What to run and with what. The environment may be changed.
struct LaunchPlan {
  const char* program;  ///< a path
  char** command;       ///< `command[-1]` has to exist: a script without a first line needs the room
  char** environment;
  const char* limits;   ///< as `apply_limits` reads them
  bool discard_output;  ///< nobody wants to know what it writes
  bool socket;          ///< kSocketFd is to become its descriptor 3
  bool cgroup;          ///< it is to be in the control group of kCgroupFd, where the kernel lets it
};

/// The guardian's side of a started leader. Both descriptors are close-on-exec.
struct Leader {
  pid_t pid = -1;
  int output = -1;        ///< what it writes to stdout and stderr, in the order of writing; non-blocking; -1 when that is discarded
  int stdin_keeper = -1;  ///< its stdin never reaches the end, unless it was given one: watchers exit on that
  volatile SetupFailure* failure = nullptr;  ///< shared with the child; settled once the child runs or has ended
};

/// Forks and executes the plan in a process group of its own, with SIGKILL for the death of the calling thread and no signal blocked. When our
/// own stdin is a pipe or a file, that is what it reads. A text file that the kernel cannot execute is run by /bin/sh. Closes kSocketFd.
/// 0, or an errno when there is no child.
int launch(const LaunchPlan& plan, Leader* leader);

}  // namespace devinit::guardian
