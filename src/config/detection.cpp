#include "config/detection.hpp"

#include <algorithm>

#include "config/conventions.hpp"
#include "config/presets.hpp"
#include "config/procfile.hpp"
#include "config/project_folder.hpp"
#include "config/recognition.hpp"

namespace devinit::config {
namespace {

constexpr const char* kProcfiles[] = {"Procfile.dev", "Procfile"};
constexpr const char* kFolders[] = {"backend", "frontend", "api", "web", "server", "client"};
constexpr const char* kAppsFolder = "apps";

/// A folder that holds a service.
struct Found {
  std::string folder;
  const Preset* preset = nullptr;
  std::optional<Role> role;
  std::string name;
};

/// Names that give the same variables ("my-app", "my_app") are the same name.
bool is_taken(const std::vector<Found>& found, const std::string& name) {
  return std::any_of(found.begin(), found.end(),
                     [&](const Found& other) { return variable_prefix(other.name) == variable_prefix(name); });
}

std::string unused_name(const std::vector<Found>& found, const std::string& wanted) {
  std::string name = wanted;
  for (int number = 2; is_taken(found, name); ++number) name = wanted + "-" + std::to_string(number);
  return name;
}

/// backend/, api/ and server/ all hold "the backend" for their users: the first takes that name, another one keeps its own.
void add_well_known_folders(const ProjectFiles& files, std::vector<Found>& found) {
  for (const std::string folder : kFolders) {
    const Preset* preset = recognise(folder, files);
    if (preset == nullptr) continue;
    const std::optional<Role> role = role_of_folder(folder);
    const std::string by_role(role_name(*role));
    found.push_back({folder, preset, role, is_taken(found, by_role) ? unused_name(found, folder) : by_role});
  }
}

void add_apps(const ProjectFiles& files, std::vector<Found>& found) {
  for (const std::string& entry : files.list(kAppsFolder)) {
    const std::string folder = join_path(kAppsFolder, entry);
    if (entry.starts_with(".") || !files.is_directory(folder)) continue;
    const Preset* preset = recognise(folder, files);
    if (preset != nullptr) found.push_back({folder, preset, role_of_folder(entry), unused_name(found, to_service_name(entry))});
  }
}

Role role_of_preset(const Preset& preset) { return preset.role == role_name(Role::backend) ? Role::backend : Role::frontend; }

/// Beside service folders the root counts only as the half that they leave open (manage.py at the root, frontend/ below), and
/// never by a clue as weak as a `dev` script: that one mostly starts those very folders.
void add_root(const ProjectFiles& files, std::vector<Found>& found) {
  const Preset* preset = recognise("", files);
  if (preset == nullptr) return;
  const Role role = role_of_preset(*preset);
  const bool role_is_open = std::none_of(found.begin(), found.end(), [&](const Found& other) {
    return other.role.value_or(role_of_preset(*other.preset)) == role;
  });
  if (!found.empty() && (preset->generic || !role_is_open)) return;
  found.push_back({"", preset, role, unused_name(found, std::string(role_name(role)))});
}

bool contains(const std::vector<Port>& ports, Port port) { return std::find(ports.begin(), ports.end(), port) != ports.end(); }

/// 8000 and 3000 go to the first of each role, before anything else may have them.
std::vector<Port> preferred_ports(const std::vector<Found>& found) {
  std::vector<Port> ports(found.size(), 0);
  for (const Role role : {Role::backend, Role::frontend}) {
    const auto first = std::find_if(found.begin(), found.end(), [&](const Found& one) { return one.role == role; });
    if (first != found.end()) ports[static_cast<std::size_t>(first - found.begin())] = role_port(role);
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (ports[i] != 0) continue;
    Port port = found[i].preset->default_port;
    while (contains(ports, port)) ++port;
    ports[i] = port;
  }
  return ports;
}

std::vector<ServiceConfig> to_services(const std::vector<Found>& found, const ProjectFiles& files) {
  const std::vector<Port> ports = preferred_ports(found);
  std::vector<ServiceConfig> services;
  for (std::size_t i = 0; i < found.size(); ++i) {
    ServiceConfig service;
    service.name = found[i].name;
    service.cwd = found[i].folder;
    service.port.emplace();
    service.port->prefer = ports[i];
    service.port->source = PortSource::preset;
    apply_preset(*found[i].preset, found[i].folder, files, service);
    services.push_back(std::move(service));
  }
  return services;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

Error nothing_found(const ProjectFiles& files, const std::string& root_name) {
  std::vector<std::string> titles;
  for (const Preset& preset : presets()) titles.push_back(preset.title);
  std::vector<std::string> folders;
  std::vector<std::string> present;
  for (const std::string folder : kFolders) {
    folders.push_back(folder + "/");
    if (files.is_directory(folder)) present.push_back(folder + "/");
  }
  std::string message = "no service found in " + root_name + ": there is no devinit.json and no Procfile, and neither " +
                        joined(folders) + ", apps/* nor the folder itself looks like one of " + joined(titles);
  if (!present.empty()) message += "\nthere, but not recognised: " + joined(present);
  return Error(Errc::not_found, std::move(message),
               "put this into devinit.json, with your own command:\n"
               "{\n"
               "  \"services\": {\n"
               "    \"backend\": { \"command\": \"./run.sh --port {port}\", \"cwd\": \".\", \"port\": 8000 }\n"
               "  }\n"
               "}");
}

}  // namespace

Result<ProjectConfig> detect(const ProjectFiles& files, const std::string& root_name) {
  ProjectConfig config;
  config.name = root_name;
  for (const std::string procfile : kProcfiles) {
    const std::optional<std::string> text = files.read(procfile);
    if (!text) continue;
    TRY_ASSIGN(config.services, parse_procfile(*text, procfile));
    if (!config.services.empty()) return config;
  }
  std::vector<Found> found;
  add_well_known_folders(files, found);
  add_apps(files, found);
  add_root(files, found);
  if (found.empty()) return nothing_found(files, root_name);
  config.services = to_services(found, files);
  return config;
}

}  // namespace devinit::config
