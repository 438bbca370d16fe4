#pragma once

#include <sys/types.h>

#include <vector>

#include "os/process.hpp"

namespace devinit::os {

/// Orphaned descendants become our children instead of pid 1's (PR_SET_CHILD_SUBREAPER), so that they can be found and reaped.
void become_subreaper() noexcept;
/// Reaps every child that has ended (waitpid(-1, WNOHANG)); their pids. Only for a program that waits for no child in another way.
std::vector<pid_t> reap_children() noexcept;
/// A dead client or child must be an error code, not the end of us; hang-ups of a terminal that started us are not ours.
void ignore_broken_pipes_and_hangups() noexcept;
/// Sends SIGKILL to every one of `victims` through a pidfd; how many still existed.
int kill_all(const std::vector<ProcessIdentity>& victims) noexcept;

}  // namespace devinit::os
