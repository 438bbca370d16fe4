#pragma once

#include <sys/types.h>

#include <vector>

namespace devinit::os {

/// What the child was doing when it failed.
enum class SpawnStep { none, session, group, directory, descriptors, exec };

/// Moves descriptor `source` of the caller to number `target` in the child.
struct DescriptorMove {
  int source;
  int target;
};

/// Everything the child needs. It is made before the clone, because the child shares our memory while a lock of malloc may be
/// held by a thread that does not exist there: between clone and exec it only makes system calls.
struct ChildPlan {
  const char* path = nullptr;  ///< what to run, unless `executable` is set; relative to `cwd`
  int executable = -1;
  char* const* argv = nullptr;  ///< ends with a null pointer, as does `envp`
  char* const* envp = nullptr;
  const char* cwd = nullptr;  ///< null: the caller's
  bool new_session = false;
  bool new_group = false;
  pid_t dies_with = 0;  ///< the caller, when the child is to be killed at its end; else 0
  std::vector<DescriptorMove> moves;  ///< by ascending target, each target once; `source` is overwritten
  int first_free = 0;                 ///< one above the highest target
  int descriptor_limit = 0;           ///< no descriptor is as high as this (only for kernels without close_range)

  SpawnStep failed_step = SpawnStep::none;  ///< the child's report, through the shared memory
  int error = 0;                            ///< errno of the failed step
};

/// The result of clone(2); on failure `pid` is -1 and `error` says why.
struct Cloned {
  pid_t pid = -1;
  int pidfd = -1;
  int error = 0;
};

/// Starts a child that carries out `plan` and returns once it runs the new program or has failed. A child that failed has been
/// reaped then, and its pidfd closed. Every signal is blocked meanwhile, so that no handler of ours ever runs in the child.
[[nodiscard]] Cloned clone_child(ChildPlan& plan);

}  // namespace devinit::os
