#pragma once

#include <string>
#include <vector>

namespace devinit::config {

/// "./frontend/" → "frontend", "." → "": a folder relative to the root in its one spelling.
[[nodiscard]] std::string normal_folder(const std::string& folder);

/// "" + "x" → "x", "a" + "x" → "a/x".
[[nodiscard]] std::string join_path(const std::string& folder, const std::string& name);

/// A folder and those above it up to the root, nearest first, each with the way there: "a/b" → ("a/b", ""), ("a", "../"), ("",
/// "../../"). A folder outside the root ("../x") has only itself.
struct Ancestor {
  std::string folder;
  std::string way;  ///< from the first folder; empty or ending in a slash
};
[[nodiscard]] std::vector<Ancestor> folder_and_ancestors(const std::string& folder);

}  // namespace devinit::config
