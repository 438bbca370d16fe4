#include "config/procfile.hpp"

#include <algorithm>
#include <cctype>
#include <sstream>

#include "config/conventions.hpp"
#include "config/diagnostic.hpp"
#include "config/templates.hpp"

namespace devinit::config {
namespace {

struct Process {
  std::string name;
  std::string command;
};

bool is_name_char(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-'; }

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::optional<Process> parse_line(const std::string& line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  const std::string name = line.substr(0, colon);
  std::string command = trimmed(line.substr(colon + 1));
  if (!std::all_of(name.begin(), name.end(), is_name_char) || command.empty()) return std::nullopt;
  return Process{to_service_name(name), std::move(command)};
}

/// In a Procfile `web` is the process that serves, whatever it serves.
std::optional<Role> role_of_process(const std::string& name) { return name == "web" ? Role::backend : role_of_folder(name); }

std::optional<PortSpec> port_of(const Process& process, std::vector<Port>& taken) {
  PortSpec spec;
  spec.source = PortSource::preset;
  const std::optional<Role> role = role_of_process(process.name);
  if (role && std::find(taken.begin(), taken.end(), role_port(*role)) == taken.end()) {
    spec.prefer = role_port(*role);
    taken.push_back(*spec.prefer);
    return spec;
  }
  if (role || process.command.find("PORT") != std::string::npos) return spec;
  return std::nullopt;
}

}  // namespace

Result<std::vector<ServiceConfig>> parse_procfile(std::string_view text, const std::string& file) {
  std::vector<ServiceConfig> services;
  std::vector<Port> taken;
  Diagnostics mistakes;
  std::istringstream lines{std::string(text)};
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const std::optional<Process> process = parse_line(line);
    if (!process || process->name == "release") continue;
    const bool is_known =
        std::any_of(services.begin(), services.end(), [&](const auto& other) { return other.name == process->name; });
    if (is_known) {
      mistakes.push_back(
          {file, number, 1, "`" + process->name + "` stands here a second time", "give each process its own name"});
      continue;
    }
    ServiceConfig service;
    service.name = process->name;
    service.command = without_templates(process->command);
    service.port = port_of(*process, taken);
    if (!service.port) service.ready.kind = ProbeKind::none;
    services.push_back(std::move(service));
  }
  if (!mistakes.empty()) return to_error(mistakes);
  return services;
}

}  // namespace devinit::config
