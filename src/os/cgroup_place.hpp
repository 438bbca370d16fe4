#pragma once

#include <string>
#include <string_view>

namespace devinit::os {

/// Where the version 2 hierarchy shows the group of the process whose /proc/PID/mountinfo and /proc/PID/cgroup these are:
/// "/sys/fs/cgroup/user.slice/…". Empty when there is none, or when the group lies outside of what is mounted.
[[nodiscard]] std::string cgroup_folder(std::string_view mountinfo, std::string_view cgroups);

/// Whether `word` is among the words of a line: "cpu" is none of those of "cpuset memory".
[[nodiscard]] bool has_word(std::string_view line, std::string_view word) noexcept;

/// The number behind `label` at the beginning of a line of `text`; 0 when there is none. The label ends where the number begins or blanks before it.
[[nodiscard]] unsigned long long number_after(std::string_view text, std::string_view label) noexcept;

}  // namespace devinit::os
