#include "config/preparation.hpp"

#include <sstream>

#include "base/base_name.hpp"
#include "config/node_package.hpp"
#include "config/project_folder.hpp"

namespace devinit::config {
namespace {

bool exists(const std::string& path, const ProjectFiles& files) { return files.is_file(path) || files.is_directory(path); }

std::optional<std::string> first_existing(const std::vector<std::string>& names, const std::string& folder,
                                          const ProjectFiles& files) {
  for (const std::string& name : names) {
    if (exists(join_path(folder, name), files)) return name;
  }
  return std::nullopt;
}

std::string trimmed(const std::string& line) {
  const std::size_t first = line.find_first_not_of(" \t\r");
  if (first == std::string::npos) return "";
  return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

bool has_requirement_line(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::string entry = trimmed(line);
    if (!entry.empty() && entry.front() != '#') return true;
  }
  return false;
}

/// Not a TOML parser: it tells a project with dependencies from a pyproject.toml that only configures tools.
bool has_python_dependencies(const std::string& text) {
  std::istringstream lines(text);
  std::string table;
  for (std::string line; std::getline(lines, line);) {
    const std::string entry = trimmed(line);
    if (entry.starts_with("[")) table = entry.substr(0, entry.find(']') + 1);
    if (table == "[tool.poetry.dependencies]") return true;
    if (table != "[project]" || !entry.starts_with("dependencies")) continue;
    const std::size_t bracket = entry.find('[');
    if (bracket != std::string::npos && trimmed(entry.substr(bracket + 1)) != "]") return true;
  }
  return false;
}

bool asks_for_packages(const std::string& folder, const ProjectFiles& files) {
  const std::optional<NodePackage> package = read_node_package(folder, files);
  return package && !package->dependencies.empty();
}

PrepareSpec check_node(const PrepareCheck& check, const std::string& folder, const ProjectFiles& files) {
  if (!asks_for_packages(folder, files)) return {};
  const NodeInstallation installation = find_node_installation(folder, files);
  if (first_existing(check.satisfied_by, installation.folder, files)) return {};
  const std::string& install = installation.locked ? installation.manager->install : installation.manager->install_unlocked;
  return {.needed = true,
          .missing = installation.way + check.missing,
          .command = installation.way.empty() ? install : "cd " + installation.way + " && " + install};
}

}  // namespace

std::optional<std::string> find_prepared(const PrepareCheck& check, const std::string& folder, const ProjectFiles& files) {
  for (const Ancestor& ancestor : folder_and_ancestors(folder)) {
    if (const auto name = first_existing(check.satisfied_by, ancestor.folder, files)) return ancestor.way + *name;
    if (!check.search_upwards) break;
  }
  return std::nullopt;
}

PrepareSpec check_prepared(const PrepareCheck& check, const std::string& folder, const ProjectFiles& files) {
  const std::string normal = normal_folder(folder);
  if (check.missing.empty()) return {};
  if (check.by_package_manager) return check_node(check, normal, files);
  if (find_prepared(check, normal, files)) return {};
  for (const PrepareRule& rule : check.rules) {
    if (!lists_requirements(join_path(normal, rule.file), files)) continue;
    return {.needed = true, .missing = check.missing, .command = rule.command};
  }
  return {};
}

bool lists_requirements(const std::string& path, const ProjectFiles& files) {
  if (!files.is_file(path)) return false;
  const std::string_view name = base_name(path);
  const std::string text = files.read(path).value_or("");
  if (name == "requirements.txt") return has_requirement_line(text);
  if (name == "pyproject.toml") return has_python_dependencies(text);
  return true;
}

}  // namespace devinit::config
