#include "config/node_package.hpp"

#include <algorithm>
#include <sstream>

#include "base/base_name.hpp"
#include "config/json_reader.hpp"
#include "config/project_folder.hpp"

namespace devinit::config {
namespace {

constexpr std::string_view kDependencyKinds[] = {"dependencies", "devDependencies", "peerDependencies", "optionalDependencies"};

const JsonValue* object_at(const JsonValue& value, std::string_view key) {
  const JsonValue* found = value.find(key);
  return found != nullptr && found->kind == JsonValue::Kind::object ? found : nullptr;
}

void read_scripts(const JsonValue& root, NodePackage& package) {
  const JsonValue* scripts = object_at(root, "scripts");
  if (scripts == nullptr) return;
  for (const auto& [name, line] : scripts->members) {
    if (line.kind == JsonValue::Kind::string) package.scripts.emplace_back(name, line.text);
  }
}

void read_dependencies(const JsonValue& root, NodePackage& package) {
  for (const std::string_view kind : kDependencyKinds) {
    const JsonValue* dependencies = object_at(root, kind);
    if (dependencies == nullptr) continue;
    for (const auto& [name, version] : dependencies->members) package.dependencies.push_back(name);
  }
}

const PackageManager* manager_by_lock(const std::string& folder, const ProjectFiles& files) {
  for (const PackageManager& manager : package_managers()) {
    for (const std::string& lock : manager.lock_files) {
      if (files.is_file(join_path(folder, lock))) return &manager;
    }
  }
  return nullptr;
}

const PackageManager& manager_by_name(const std::string& name) {
  for (const PackageManager& manager : package_managers()) {
    if (manager.name == name) return manager;
  }
  return package_managers().back();
}

bool is_workspace_root(const std::string& folder, const ProjectFiles& files) {
  if (files.is_file(join_path(folder, "pnpm-workspace.yaml"))) return true;
  const std::optional<NodePackage> package = read_node_package(folder, files);
  return package && package->has_workspaces;
}

std::string_view last_command(std::string_view script) {
  const std::size_t separator = script.find_last_of("&|;");
  return separator == std::string_view::npos ? script : script.substr(separator + 1);
}

}  // namespace

const std::string* NodePackage::script(std::string_view name) const noexcept {
  for (const auto& [key, line] : scripts) {
    if (key == name) return &line;
  }
  return nullptr;
}

bool NodePackage::depends_on(std::string_view package) const noexcept {
  return std::find(dependencies.begin(), dependencies.end(), package) != dependencies.end();
}

std::optional<NodePackage> read_node_package(const std::string& folder, const ProjectFiles& files) {
  const std::string path = join_path(folder, "package.json");
  const std::optional<std::string> text = files.read(path);
  if (!text) return std::nullopt;
  const JsonDocument document = parse_json(*text, path, Comments::no);
  if (!document.diagnostics.empty() || document.value.kind != JsonValue::Kind::object) return std::nullopt;
  NodePackage package;
  read_scripts(document.value, package);
  read_dependencies(document.value, package);
  const JsonValue* manager = document.value.find("packageManager");
  if (manager != nullptr && manager->kind == JsonValue::Kind::string) {
    package.package_manager = manager->text.substr(0, manager->text.find('@'));
  }
  package.has_workspaces = document.value.find("workspaces") != nullptr;
  return package;
}

NodeInstallation find_node_installation(const std::string& folder, const ProjectFiles& files) {
  NodeInstallation installation{normal_folder(folder), "", nullptr, false};
  for (const Ancestor& ancestor : folder_and_ancestors(folder)) {
    const bool is_above = !ancestor.way.empty();
    // A lock file above counts only where a workspace installs for its sub-folders: many roots have one for their own tools.
    if (is_above && !is_workspace_root(ancestor.folder, files)) continue;
    if (const PackageManager* manager = manager_by_lock(ancestor.folder, files))
      return {ancestor.folder, ancestor.way, manager, true};
    if (!is_above) continue;
    installation.folder = ancestor.folder;
    installation.way = ancestor.way;
    break;
  }
  const std::optional<NodePackage> package = read_node_package(installation.folder, files);
  installation.manager = &manager_by_name(package ? package->package_manager : std::string());
  return installation;
}

bool script_ends_in(std::string_view script, std::string_view program) {
  std::istringstream words{std::string(last_command(script))};
  for (std::string word; words >> word;) {
    if (base_name(word) == program) return true;
  }
  return false;
}

}  // namespace devinit::config
