#pragma once

#include <optional>
#include <string>

namespace devinit::project {

/// The git repository around a folder, as its own files tell; no git is run.
struct Repository {
  std::string top;         ///< the work tree's root
  std::string git_dir;     ///< holds the index
  std::string common_dir;  ///< holds info/exclude; shared by all worktrees
};
/// Nothing without a repository, or when a file `.git` (of a worktree or submodule) names no folder.
[[nodiscard]] std::optional<Repository> find_repository(const std::string& root);

/// The real path of `common_dir`: the same for all worktrees of a repository. Empty without one.
[[nodiscard]] std::string shared_git_folder(const std::string& root);

}  // namespace devinit::project
