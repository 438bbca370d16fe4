#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "os/fd.hpp"
#include "os/process.hpp"

namespace devinit::os {

/// What to run and with what. All fields are values: nothing is inherited unless it is named here.
struct SpawnRequest {
  std::vector<std::string> argv;   ///< argv[0] is looked up in PATH of `environment` unless it holds a '/' or `executable` is set
  int executable = -1;             ///< run this open file instead (execveat with AT_EMPTY_PATH; a memfd or an fd of an ELF file)
  Environment environment;
  std::string cwd;                 ///< empty: the caller's
  std::vector<std::pair<int, int>> fds;  ///< {fd here, fd in the child}; 0, 1, 2 default to /dev/null. All others are closed.
  bool new_session = false;        ///< setsid
  bool new_group = false;          ///< setpgid(0, 0)
  /// It gets SIGKILL when the thread that spawns it ends (prctl(2), PR_SET_PDEATHSIG): any other signal can be ignored. What it has started
  /// itself does not, and neither does a set-user-ID program.
  bool dies_with_us = false;
};

struct Spawned {
  ProcessIdentity identity;
  UniqueFd pidfd;
};

/// Starts a process as vfork would (clone with CLONE_VM | CLONE_VFORK | CLONE_PIDFD: 68 µs whatever the parent's size, where
/// fork costs 65 ms at 2 GB). In the child every signal handler is reset and the mask emptied; descriptors are moved to
/// their places without overwriting one another; everything else is closed with close_range(2).
/// A failing exec, chdir or a missing command is reported here, synchronously, as Errc::not_found (command or cwd does not
/// exist, nor does the interpreter of a script) or Errc::io, naming the step; the child has been reaped then. A text file
/// without "#!" is run by /bin/sh, as shells do. The caller owns the child and must wait for it.
/// The kernel resumes the caller a moment before /proc/PID/{cmdline,environ,exe,comm} show the new program.
[[nodiscard]] Result<Spawned> spawn(const SpawnRequest& request);

/// `command` as PATH of `environment` finds it, or empty. A name with '/' is returned as it is when executable.
[[nodiscard]] std::string find_executable(const std::string& command, const Environment& environment, const std::string& cwd = {});

}  // namespace devinit::os
