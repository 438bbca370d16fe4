#include <algorithm>

#include "config/detection.hpp"
#include "config/presets.hpp"

namespace devinit::config {
namespace {

using Lines = std::vector<std::string>;

std::string escaped_char(char c) {
  constexpr char kHex[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  if (c == '"' || c == '\\') return std::string("\\") + c;
  if (c == '\n') return "\\n";
  if (c == '\t') return "\\t";
  if (byte >= 0x20) return std::string(1, c);
  return std::string("\\u00") + kHex[byte >> 4] + kHex[byte & 15];
}

std::string quoted(const std::string& text) {
  std::string json = "\"";
  for (const char c : text) json += escaped_char(c);
  return json + "\"";
}

/// A value in which `${X}` would be filled in: there, `$${` is the text `${`.
std::string quoted_literal(const std::string& text) {
  std::string literal;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 2, "${") == 0) literal += '$';
    literal += text[i];
  }
  return quoted(literal);
}

std::string command_json(const Command& command) {
  if (const auto* line = std::get_if<std::string>(&command)) return quoted(*line);
  std::string json = "[";
  for (const std::string& argument : std::get<std::vector<std::string>>(command)) {
    json += (json.size() == 1 ? "" : ", ") + quoted(argument);
  }
  return json + "]";
}

std::string port_json(const PortSpec& port) { return port.prefer ? std::to_string(*port.prefer) : "\"auto\""; }

/// The variables that the preset does not set by itself.
std::string env_json(const ServiceConfig& service, const Preset* preset) {
  std::string json;
  for (const auto& entry : service.env) {
    const bool is_given = preset != nullptr && std::find(preset->env.begin(), preset->env.end(), entry) != preset->env.end();
    if (!is_given) json += (json.empty() ? "" : ", ") + quoted(entry.first) + ": " + quoted_literal(entry.second);
  }
  return json;
}

/// A service with a preset leaves its command to it, so that it follows when a venv or a lock file appears; the comment shows
/// what it is today.
Lines members_of(const ServiceConfig& service) {
  const Preset* preset = find_preset(service.preset);
  Lines members;
  if (preset != nullptr) {
    members.push_back("\"preset\": " + quoted(preset->name));
  } else {
    members.push_back("\"command\": " + command_json(service.command));
  }
  if (!service.cwd.empty()) members.push_back("\"cwd\": " + quoted(service.cwd));
  if (service.port) members.push_back("\"port\": " + port_json(*service.port));
  const std::string env = env_json(service, preset);
  if (!env.empty()) members.push_back("\"env\": { " + env + " }");
  return members;
}

std::string comment_of(const ServiceConfig& service) {
  const Preset* preset = find_preset(service.preset);
  const auto* line = std::get_if<std::string>(&service.command);
  if (preset == nullptr || line == nullptr) return "";
  return "    // " + preset->title + ": " + *line + "\n";
}

std::string service_json(const ServiceConfig& service) {
  std::string json = comment_of(service) + "    " + quoted(service.name) + ": {\n";
  const Lines members = members_of(service);
  for (std::size_t i = 0; i < members.size(); ++i) json += "      " + members[i] + (i + 1 < members.size() ? ",\n" : "\n");
  return json + "    }";
}

}  // namespace

std::string to_devinit_json(const ProjectConfig& config) {
  std::string json =
      "// How devinit starts this project; written from what it found here, yours to change.\n"
      "// A preset fills in the command (shown above each service), how it is told its port, and how a fresh clone is "
      "prepared;\n"
      "// a \"command\" of your own takes its place. Templates: {port}, {backend.port}, {backend.url}.\n"
      "{\n"
      "  \"$schema\": \".devinit/schema.json\",\n"
      "  \"services\": {\n";
  for (std::size_t i = 0; i < config.services.size(); ++i) {
    json += service_json(config.services[i]) + (i + 1 < config.services.size() ? ",\n" : "\n");
  }
  return json + "  }\n}\n";
}

}  // namespace devinit::config
