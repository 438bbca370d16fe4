#include <algorithm>
#include <optional>

#include "config/conventions.hpp"
#include "config/node_package.hpp"
#include "config/preparation.hpp"
#include "config/presets.hpp"
#include "config/project_folder.hpp"
#include "config/python_app.hpp"
#include "config/recognition.hpp"

namespace devinit::config {
namespace {

Port preferred_port(const Preset& preset, const std::string& service) {
  for (const Role role : {Role::backend, Role::frontend}) {
    if (service == role_name(role)) return role_port(role);
  }
  return preset.default_port;
}

void replace(std::string& text, std::string_view name, const std::string& value) {
  for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + value.size())) {
    text.replace(at, name.size(), value);
  }
}

/// What the preset's first clue would have found: the folder was not recognised, but the user named the preset.
Recognition plainest(const Preset& preset, const std::string& folder, const ProjectFiles& files) {
  const Clue& clue = preset.clues.front();
  Recognition recognition;
  if (!clue.files.empty()) recognition.file = clue.files.front();
  for (const std::string& file : clue.files) {
    if (!files.is_file(join_path(folder, file))) continue;
    recognition.file = file;
    break;
  }
  if (clue.scripts.empty()) return recognition;
  recognition.script = clue.scripts.front();
  const std::optional<NodePackage> package = read_node_package(folder, files);
  for (const std::string& script : clue.scripts) {
    if (!package || package->script(script) == nullptr) continue;
    recognition.script = script;
    break;
  }
  return recognition;
}

/// The interpreter that has the project's packages; before the preparation, the one that it will make.
std::string python_interpreter(const Preset& preset, const std::string& folder, const ProjectFiles& files,
                               const PrepareSpec& prepare) {
  if (const auto found = find_prepared(preset.prepare, folder, files)) return *found;
  if (prepare.needed && !preset.prepare.satisfied_by.empty()) return preset.prepare.satisfied_by.front();
  return files.has_command("python3") || !files.has_command("python") ? "python3" : "python";
}

std::string script_command(const Preset& preset, const std::string& script, const std::string& folder,
                           const ProjectFiles& files) {
  const PackageManager& manager = *find_node_installation(folder, files).manager;
  std::string command = preset.port_args.empty() ? manager.run : manager.run_with_args;
  replace(command, "{script}", script);
  replace(command, "{args}", preset.port_args);
  return command;
}

std::string fill_command(const Preset& preset, const std::string& folder, const ProjectFiles& files,
                         const PrepareSpec& prepare) {
  const std::optional<Recognition> found = recognise_as(preset, folder, files);
  const Recognition recognition = found ? *found : plainest(preset, folder, files);
  std::string command = preset.command;
  if (!recognition.script.empty()) replace(command, "{run}", script_command(preset, recognition.script, folder, files));
  if (recognition.file.empty()) return command;
  const std::string module = python_module(recognition.file);
  const std::string source = preset.app_class.empty() ? "" : files.read(join_path(folder, recognition.file)).value_or("");
  replace(command, "{python}", python_interpreter(preset, folder, files, prepare));
  replace(command, "{file}", recognition.file);
  replace(command, "{module}", module);
  replace(command, "{app}", module + ":" + python_app_object(source, preset.app_class));
  return command;
}

bool is_empty(const Command& command) {
  return std::visit([](const auto& content) { return content.empty(); }, command);
}

}  // namespace

void apply_preset(const Preset& preset, const std::string& cwd, const ProjectFiles& files, ServiceConfig& service) {
  const std::string folder = normal_folder(cwd);
  service.preset = preset.name;
  service.prepare = check_prepared(preset.prepare, folder, files);
  if (is_empty(service.command)) service.command = fill_command(preset, folder, files, service.prepare);
  if (!service.port) {
    service.port.emplace();
    service.port->prefer = preferred_port(preset, service.name);
    service.port->source = PortSource::preset;
  }
  for (const auto& [name, value] : preset.env) {
    const bool is_set =
        std::any_of(service.env.begin(), service.env.end(), [&](const auto& entry) { return entry.first == name; });
    if (!is_set) service.env.emplace_back(name, value);
  }
}

}  // namespace devinit::config
