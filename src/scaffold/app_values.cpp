#include "scaffold/app_values.hpp"

#include <algorithm>

#include "scaffold/side.hpp"

namespace devinit::scaffold {

std::optional<std::string> AppValues::find(std::string_view name, std::string_view path) const {
  if (name == "PROJECT_NAME") return project_name;
  if (name == "model") return model;
  if (name == "app_num") return std::to_string(app);
  if (name == "backend_port") return std::to_string(backend);
  if (name == "frontend_port") return std::to_string(frontend);
  if (name == "port") {
    const auto side = side_of(path);
    if (!side) return std::nullopt;
    return std::to_string(*side == Side::backend ? backend : frontend);
  }
  const auto found = std::ranges::find(set, name, &std::pair<std::string, std::string>::first);
  return found == set.end() ? std::nullopt : std::optional(found->second);
}

Variables AppValues::env_variables(std::string_view folder) const {
  Variables variables{{"PROJECT_NAME", project_name},
                      {"COMPOSE_PROJECT_NAME", project_name},
                      {"BACKEND_PORT", std::to_string(backend)},
                      {"FRONTEND_PORT", std::to_string(frontend)}};
  if (const auto port = find("port", folder)) variables.emplace_back("PORT", *port);
  return variables;
}

const std::vector<std::string>& own_names() {
  static const std::vector<std::string> kNames{"PROJECT_NAME", "model", "app_num", "backend_port", "frontend_port", "port"};
  return kNames;
}

}  // namespace devinit::scaffold
