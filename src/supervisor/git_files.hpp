#pragma once

#include <string>

#include "base/result.hpp"

namespace devinit::supervisor {

/// True when git's index lists the file `name` of the folder `root`: read from the index itself (gitformat-index(5)), no git is run. False
/// without a repository, and for index version 4, whose names are compressed.
[[nodiscard]] bool git_tracks(const std::string& root, const std::string& name);

/// Adds `.ports.json`, `.env.runtime` and `.devinit/` to the repository's `info/exclude`, once: the user's own .gitignore stays untouched. Nothing
/// happens without a repository. Errc::io, and the file as it was, when it cannot be read. Worktrees share the exclude file of their repository.
[[nodiscard]] Result<> exclude_from_git(const std::string& root);

}  // namespace devinit::supervisor
