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
  /// Errc::refused when there is no version 2 hierarchy, our group is not writable, or it lacks the controllers that are asked for.
  [[nodiscard]] static Result<Cgroup> make(const std::string& name, bool memory, bool cpu);
  Cgroup(Cgroup&&) noexcept;
  Cgroup& operator=(Cgroup&&) noexcept;
  ~Cgroup();

  /// memory.max in bytes; cpu.max as cores.
  [[nodiscard]] Result<> limit_memory(std::uint64_t bytes);
  [[nodiscard]] Result<> limit_cpu(double cores);
  /// An open cgroup.procs: who writes "0" there is in the group.
  [[nodiscard]] int procs_fd() const noexcept { return procs_.get(); }
  /// oom_kill of memory.events: how often the kernel ended a process in here for want of memory.
  [[nodiscard]] std::uint64_t oom_kills() const;
  /// cgroup.kill (Linux 5.14): SIGKILL to all at once, also to what forks without a pause. False when the kernel has none.
  bool kill() noexcept;

 private:
  Cgroup(std::string path, UniqueFd procs) : path_(std::move(path)), procs_(std::move(procs)) {}
  std::string path_;
  UniqueFd procs_;
};

/// oom_kill of /proc/vmstat: how often the kernel ended a process of this machine for want of memory.
[[nodiscard]] std::optional<std::uint64_t> machine_oom_kills();
/// Resident memory of processes in bytes (RssAnon + RssShmem of /proc/PID/status: what nobody shares with a file), those that are gone not counted.
[[nodiscard]] std::uint64_t resident_memory(const std::vector<pid_t>& processes);

}  // namespace devinit::os
