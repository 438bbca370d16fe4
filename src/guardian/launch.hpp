#pragma once

#include <sys/types.h>

/// The start of the service's first process.
namespace devinit::guardian {

/// The guardian's side of a started leader. Both descriptors are close-on-exec.
struct Leader {
  pid_t pid = -1;
  int output = -1;        ///< what it writes to stdout and stderr, in the order of writing; non-blocking
  int stdin_keeper = -1;  ///< its stdin never reaches the end, unless it was given one: watchers exit on that
  volatile int* exec_failure = nullptr;  ///< shared with the child: the errno of its exec; settled once the child runs or has ended
};

/// Forks and executes `command` at `program` (a path) in a process group of its own, with SIGKILL for the death of the calling thread
/// and no signal blocked. When our own stdin is a pipe or a file, that is what it reads. A text file that the kernel cannot execute is run by /bin/sh; for that `command[-1]` has to exist, and is
/// overwritten in the child. 0, or an errno when there is no child.
int launch(const char* program, char** command, char** environment, Leader* leader);

}  // namespace devinit::guardian
