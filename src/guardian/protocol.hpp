#pragma once

#include <stdint.h>

/// What a guardian and its supervisor say to each other: fixed-size records on a SOCK_SEQPACKET pair. Both are built from the same tree
/// (the guardian travels inside the product), so there is no version. No library types: the guardian is freestanding in style.
namespace devinit::guardian {

/// The guardian's end of the socketpair. End of file on it means that the supervisor is gone: the guardian then ends the whole tree.
inline constexpr int kControlFd = 3;

enum class ReportKind : uint32_t {
  spawned,        ///< value: pid of the leader; extra: its start time (clock ticks since boot)
  exec_failed,    ///< value: errno; extra: 0 = exec, 1 = other set-up step. The guardian exits next.
  leader_exited,  ///< value: wait status; descendants are still there
  empty,          ///< value: wait status of the leader; extra: bytes of log that could not be written. waitpid said ECHILD: the only proof of "stopped"
  spared,         ///< value: pid of a known shared daemon that was left alone
  survivors,      ///< value: number of processes that the kernel does not let us end; extra: pid of the first one. The guardian exits next.
};
struct Report {
  ReportKind kind;
  int32_t value;
  uint64_t extra;
};

enum class OrderKind : uint32_t {
  stop,  ///< signal to `target`, stragglers SIGTERM, after `grace_ms` SIGKILL to all that is left
  kill,  ///< SIGKILL to all now
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
