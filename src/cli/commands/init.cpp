#include <algorithm>
#include <array>

#include "cli/commands/commands.hpp"
#include "config/detection.hpp"
#include "config/embedded.hpp"
#include "os/files.hpp"

namespace devinit::cli {
namespace {

constexpr mode_t kSharedFile = 0644;
constexpr std::array<std::string_view, 3> kIgnored{".devinit/", ".ports.json", ".env.runtime"};

/// The same pattern in another spelling: "/.devinit", ".devinit" and ".devinit/" ignore the same thing here.
std::string_view pattern_core(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '/')) line.remove_suffix(1);
  if (line.starts_with('/')) line.remove_prefix(1);
  return line;
}

bool ignores(std::string_view text, std::string_view pattern) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    if (pattern_core(text.substr(0, end)) == pattern_core(pattern)) return true;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return false;
}

/// Appends what is missing; what stands there is kept as it is.
Result<> extend_gitignore(const Project& project) {
  const auto path = project.root() + "/.gitignore";
  std::string text;
  if (auto old = os::read_text_file(path, project.root())) {
    text = std::move(*old);
  } else if (old.error().problem != os::FileProblem::missing) {
    return Error(Errc::failed, ".gitignore " + old.error().detail, "add .devinit/, .ports.json and .env.runtime to it by hand");
  }
  const auto before = text;
  for (const auto pattern : kIgnored) {
    if (ignores(text, pattern)) continue;
    if (!text.empty() && text.back() != '\n') text += '\n';
    text += std::string(pattern) + "\n";
  }
  return text == before ? Result<>() : os::replace_file(path, text, kSharedFile, os::Durable::no);
}

std::string names_of(const config::ProjectConfig& config) {
  std::string names;
  for (const auto& service : config.services) names += (names.empty() ? "" : ", ") + service.name;
  return names;
}

}  // namespace

Result<int> run_init(const Context& context) {
  TRY_ASSIGN(const auto project, context.project());
  const auto path = project.config_file();
  if (os::path_exists(path)) {
    return Error(Errc::refused, path + " exists already", "edit it, or remove it first to have it written anew");
  }
  const DiskFiles files(project.root(), project.environment);
  TRY_ASSIGN(const auto config, config::detect(files, project.folder_name()));
  TRY(os::create_data_directories(project.paths));
  TRY(os::replace_file(project.paths.data + "/schema.json", config::schema_json(), kSharedFile, os::Durable::no,
                       os::Links::replace));
  TRY(extend_gitignore(project));
  TRY(os::replace_file(path, config::to_devinit_json(config), kSharedFile, os::Durable::yes));
  context.output.say("wrote " + path + " with " + names_of(config) + "; next: devinit start");
  if (context.arguments.json) {
    std::string services;
    for (const auto& service : config.services) services += (services.empty() ? "" : ",") + json_string(service.name);
    context.output.data("{\"file\":" + json_string(path) + ",\"services\":[" + services + "]}");
  }
  return 0;
}

}  // namespace devinit::cli
