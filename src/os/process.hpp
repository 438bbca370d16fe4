#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace devinit::os {

/// What makes a process unmistakable on one boot: pids are reused (measured: after 98 forks in a small pid namespace),
/// a pid with its start time is not. `start_ticks` is field 22 of /proc/PID/stat (clock ticks since boot).
struct ProcessIdentity {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;
  bool operator==(const ProcessIdentity&) const = default;
};

/// One line of the process table (/proc/PID/stat).
struct ProcessStat {
  ProcessIdentity identity;
  pid_t ppid = 0;
  pid_t pgid = 0;
  pid_t sid = 0;
  char state = '?';       ///< 'R', 'S', 'Z' …
  std::string name;       ///< comm, at most 15 bytes
  bool kernel_thread = false;  ///< PF_KTHREAD
};

/// What a person wants to know about a process. Fields the kernel hides from us (other users) are empty.
struct ProcessInfo {
  ProcessStat stat;
  uid_t uid = 0;
  std::string user;                  ///< account name, or the number
  std::vector<std::string> command;  ///< argv
  std::string cwd;
  std::string exe;
  std::chrono::seconds age{0};
  std::string container;             ///< container id (12 hex digits) from the cgroup path, else empty
};

/// Id of this boot (/proc/sys/kernel/random/boot_id): identities of another boot are dead.
[[nodiscard]] const std::string& boot_id();

/// Nothing when there is no such process.
[[nodiscard]] std::optional<ProcessStat> process_stat(pid_t pid);
[[nodiscard]] std::optional<ProcessIdentity> identify(pid_t pid);
/// The process with exactly this identity exists and has not ended (a zombie has).
[[nodiscard]] bool is_alive(const ProcessIdentity& identity);
[[nodiscard]] std::optional<ProcessInfo> process_info(pid_t pid);
/// The ids of all processes, in no particular order: /proc is listed, nothing in it is read.
[[nodiscard]] std::vector<pid_t> all_process_ids();
/// One scan of /proc (10 µs a process).
[[nodiscard]] std::vector<ProcessStat> all_processes();
/// `root` and everything below it by parent links, `root` first; empty when there is no such process. Uses
/// /proc/PID/task/TID/children when the kernel has it. A snapshot: a tree that forks and exits meanwhile may show too little.
[[nodiscard]] std::vector<pid_t> process_tree(pid_t root);
/// The caller, its parent, its parent's parent … up to pid 1, all included.
[[nodiscard]] std::vector<pid_t> ancestors(pid_t pid);
/// The value of one variable in /proc/PID/environ as it was at exec time; nothing when unreadable or unset.
[[nodiscard]] std::optional<std::string> process_environment(pid_t pid, const std::string& name);
/// Same user, pid and network namespace as ours (false when the kernel does not tell).
[[nodiscard]] bool shares_our_namespaces(pid_t pid);

/// A pidfd whose identity has been read *after* it was opened, so that a signal can never reach a stranger.
/// Nothing when the process is gone or its identity differs.
[[nodiscard]] std::optional<UniqueFd> open_pidfd(const ProcessIdentity& identity);
/// open_pidfd + pidfd_send_signal. False when the process had ended already; Errc::privileged for EPERM.
[[nodiscard]] Result<bool> send_signal(const ProcessIdentity& identity, int signal);
/// Waits until the process has ended (its pidfd is readable; a zombie has ended) or `timeout` passed; true when it has.
[[nodiscard]] bool wait_for_exit(const ProcessIdentity& identity, std::chrono::milliseconds timeout);

using Environment = std::map<std::string, std::string>;
/// This process's environment. Entries without '=' are dropped.
[[nodiscard]] Environment current_environment();
/// The value of `name`; empty when it is not set.
[[nodiscard]] std::string variable(const Environment& environment, const char* name);

}  // namespace devinit::os
