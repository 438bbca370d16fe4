#pragma once

#include <string>
#include <vector>

namespace devinit::os {

/// What lies directly in a folder, without a system call for each. Links are not followed.
struct FolderEntry {
  enum class Kind { file, folder, link, other };
  std::string name;
  Kind kind = Kind::file;
};
/// In no order; empty when the folder cannot be read.
[[nodiscard]] std::vector<FolderEntry> entries_of(const std::string& folder);

}  // namespace devinit::os
