#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace devinit::os {

/// A control group (cgroups v2, cgroups(7)) below our own one. Removed by the destructor, when nothing is left in it.
class Cgroup {
 public:
  /// Errc::refused, with the reason, when there is no version 2 hierarchy or our group is not writable. `name` is a part of a file name; so is the
  /// process that makes the group, whom `remove_left_cgroups` knows it by.
  [[nodiscard]] static Result<Cgroup> make(const std::string& name);
  Cgroup(Cgroup&&) noexcept = default;
  Cgroup& operator=(Cgroup&&) noexcept;
  ~Cgroup();

  /// memory.max in bytes, without swap on top; who exceeds it loses all its processes at once. cpu.max as cores. Errc::refused, with the reason,
  /// when our group cannot give the controller for it.
  [[nodiscard]] Result<> limit_memory(std::uint64_t bytes);
  [[nodiscard]] Result<> limit_cpu(double cores);
  /// Its folder, open: what clone3(2) takes to start a process in it.
  [[nodiscard]] int folder() const noexcept { return folder_.get(); }
  /// oom_kill of memory.events: how often the kernel ended a process in here for want of memory.
  [[nodiscard]] std::uint64_t oom_kills() const;
  /// cgroup.kill (Linux 5.14): SIGKILL to all at once, also to what forks without a pause. False when the kernel has none.
  bool kill() noexcept;

 private:
  Cgroup(std::string path, UniqueFd folder) : path_(std::move(path)), folder_(std::move(folder)) {}
  void remove() noexcept;
  [[nodiscard]] Result<> set(const char* file, const std::string& value) const;

  std::string path_;
  UniqueFd folder_;
};

/// Removes the groups that processes which are gone have left beside those that `make` makes; those that something still runs in stay.
void remove_left_cgroups();

/// oom_kill of /proc/vmstat: how often the kernel ended a process of this machine for want of memory.
[[nodiscard]] std::optional<std::uint64_t> machine_oom_kills();
/// Resident memory of processes in bytes (RssAnon + RssShmem of /proc/PID/status: what nobody shares with a file), those that are gone not counted.
/// What processes share with one another counts for each of them.
[[nodiscard]] std::uint64_t resident_memory(const std::vector<pid_t>& processes);
/// The same with shared pages divided among those that share them (smaps_rollup). Exact and slow: the kernel walks all their pages.
[[nodiscard]] std::uint64_t shared_out_memory(const std::vector<pid_t>& processes);

}  // namespace devinit::os
