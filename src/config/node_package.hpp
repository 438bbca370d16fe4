#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/presets.hpp"
#include "config/project_files.hpp"

namespace devinit::config {

/// What detection reads in a package.json.
struct NodePackage {
  std::vector<std::string> dependencies;  ///< of every kind
  std::vector<std::pair<std::string, std::string>> scripts;
  std::string package_manager;  ///< "pnpm" of `"packageManager": "pnpm@9.1.0"`, or empty
  bool has_workspaces = false;

  [[nodiscard]] const std::string* script(std::string_view name) const noexcept;
  [[nodiscard]] bool depends_on(std::string_view package) const noexcept;
};

/// The package.json of a folder; nothing when there is none or it is no JSON object. Members of a wrong type count as absent.
[[nodiscard]] std::optional<NodePackage> read_node_package(const std::string& folder, const ProjectFiles& files);

/// Where the packages of a folder are installed, and by whom: the folder itself, or the workspace root above it.
struct NodeInstallation {
  std::string folder;
  std::string way;                          ///< from the asked folder to `folder`: empty or "../", "../../", …
  const PackageManager* manager = nullptr;  ///< never null
  bool locked = false;                      ///< `folder` has the manager's lock file
};
[[nodiscard]] NodeInstallation find_node_installation(const std::string& folder, const ProjectFiles& files);

/// True when the last command of a script line runs `program`, through npx, cross-env and the like, too: only then do arguments
/// appended to the line reach it ("tsc && vite" runs vite, "vite & tsc -w" does not).
[[nodiscard]] bool script_ends_in(std::string_view script, std::string_view program);

}  // namespace devinit::config
