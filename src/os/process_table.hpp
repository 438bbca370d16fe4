#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/process.hpp"

namespace devinit::os {

/// The line of /proc/PID/stat. The name may hold spaces, parentheses and newlines, so it ends at the *last* ')'.
[[nodiscard]] std::optional<ProcessStat> parse_stat(std::string_view line);

/// `root` and everything below it in `table`, breadth first; empty when `root` is not in it.
[[nodiscard]] std::vector<pid_t> tree_in(const std::vector<ProcessStat>& table, pid_t root);

/// The first 12 digits of the container id in the text of /proc/PID/cgroup (docker, podman, containerd, kubernetes), or empty.
/// Their ids are runs of exactly 64 hex digits; the innermost one of a nested path counts.
[[nodiscard]] std::string container_id_in(std::string_view cgroups);

}  // namespace devinit::os
