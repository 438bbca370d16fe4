#include "cli/checkout_files.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "config/json_reader.hpp"
#include "config/templates.hpp"
#include "config/text_encoding.hpp"
#include "os/files.hpp"

namespace devinit::cli {
namespace {

/// The variables that a generated app's `.env` names its ports with.
constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kRoleVariables{{{"BACKEND_PORT", "backend"}, {"FRONTEND_PORT", "frontend"}}};
constexpr std::string_view kOwnPort = "PORT";

std::optional<std::string> role_named_by(std::string_view variable, const std::string& role_of_port) {
  for (const auto& [name, role] : kRoleVariables) {
    if (name == variable) return std::string(role);
  }
  if (variable == kOwnPort) return role_of_port;
  return std::nullopt;
}

std::optional<std::string> read_if_there(const std::string& folder, const std::string& file, CheckoutFiles& files) {
  auto text = os::read_text_file(file, folder);
  if (text) return std::move(*text);
  if (text.error().problem != os::FileProblem::missing) files.mistakes.push_back({file, 0, text.error().detail});
  return std::nullopt;
}

}  // namespace

void read_ports_text(std::string_view text, const std::string& file, CheckoutFiles& files) {
  const auto document = config::parse_json(text, file, config::Comments::no);
  for (const auto& mistake : document.diagnostics) files.mistakes.push_back({file, mistake.line, mistake.message});
  if (!document.complete) return;
  if (document.value.kind != config::JsonValue::Kind::object) {
    files.mistakes.push_back({file, document.value.line, "an object of ports must stand here"});
    return;
  }
  for (const auto& [key, value] : document.value.members) {
    const auto port = value.kind == config::JsonValue::Kind::number ? parse_port(value.text) : std::nullopt;
    if (port) {
      files.ports.push_back({key, *port, file, value.line, true});
    } else {
      files.mistakes.push_back({file, value.line, config::quoted(key) + " is no port"});
    }
  }
}

void read_env_text(std::string_view text, const std::string& file, const std::string& role_of_port, CheckoutFiles& files) {
  const auto entries = config::parse_env_entries(text, file);
  if (!entries) {
    files.mistakes.push_back({file, 0, "it cannot be read: " + entries.error().message});
    return;
  }
  // Of a name that is set twice the last one counts, as for everybody who reads such files.
  for (auto entry = entries->rbegin(); entry != entries->rend(); ++entry) {
    const auto role = role_named_by(entry->name, role_of_port);
    if (!role || entry->value.empty()) continue;
    const bool overridden = std::any_of(entries->rbegin(), entry, [&](const auto& later) { return later.name == entry->name; });
    if (overridden) continue;
    if (const auto port = parse_port(entry->value)) {
      files.ports.push_back({*role, *port, file, entry->line, false});
    } else {
      files.mistakes.push_back({file, entry->line, entry->name + "=" + config::quoted(entry->value) + " is no port"});
    }
  }
}

CheckoutFiles read_checkout(const std::string& folder, EnvFiles env_files) {
  CheckoutFiles files;
  const auto ports_file = folder + "/.ports.json";
  if (const auto text = read_if_there(folder, ports_file, files)) read_ports_text(*text, ports_file, files);
  if (env_files == EnvFiles::ignored) return files;
  constexpr std::array<std::pair<const char*, const char*>, 3> kEnvFiles{
      {{"/.env", ""}, {"/backend/.env", "backend"}, {"/frontend/.env", "frontend"}}};
  for (const auto& [name, role] : kEnvFiles) {
    const auto file = folder + name;
    if (const auto text = read_if_there(folder, file, files)) read_env_text(*text, file, role, files);
  }
  return files;
}

}  // namespace devinit::cli
