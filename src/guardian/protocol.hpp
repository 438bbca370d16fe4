#pragma once

#include <stdint.h>

/// What a guardian and its supervisor say to each other: fixed-size records on a SOCK_SEQPACKET pair. Both are built from the same tree
/// (the guardian travels inside the product), so there is no version. No library types: the guardian is freestanding in style.
namespace devinit::guardian {

/// The guardian's end of the socketpair. End of file on it means that the supervisor is gone: the guardian then ends the whole tree.
inline constexpr int kControlFd = 3;
/// A listening socket for the service, or closed: the service has it as its descriptor 3 (sd_listen_fds(3)). The guardian keeps none of it, and
/// writes the pid of the service into LISTEN_PID of its environment, if there is one.
inline constexpr int kSocketFd = 4;
/// The folder of a control group (cgroups v2) for the service, or closed. The service is in it before it runs anything, the guardian is not: it
/// outlives a cgroup.kill, and tells how that ended.
inline constexpr int kCgroupFd = 5;

enum class ReportKind : uint32_t {
  spawned,        ///< value: pid of the leader; extra: its start time (clock ticks since boot)
  exec_failed,    ///< value: errno; extra: the SetupStep; asked: the limit that could not be set. The guardian exits next.
  leader_exited,  ///< value: wait status; descendants are still there
  empty,          ///< value: wait status of the leader; extra: bytes of log that could not be written. waitpid said ECHILD: the only proof of "stopped"
  spared,         ///< value: pid of a known shared daemon that was left alone
  survivors,      ///< value: number of processes that the kernel does not let us end; extra: pid of the first one. The guardian exits next.
};
struct Report {
  ReportKind kind;
  int32_t value;
  uint64_t extra;
  int64_t asked = 0;
};

/// What failed before the service ran.
enum class SetupStep : uint32_t { exec, process, socket, nofile, nproc, core, fsize, stack, as, nice };

enum class OrderKind : uint32_t {
  stop,  ///< signal to `target`, stragglers SIGTERM, after `grace_ms` SIGKILL to all that is left
  kill,    ///< SIGKILL to all now
  signal,  ///< to the leader, if it runs; nothing else changes
};
enum class Target : uint32_t { leader, group, tree };
struct Order {
  OrderKind kind;
  int32_t signal;
  Target target;
  uint32_t grace_ms;
};

}  // namespace devinit::guardian
