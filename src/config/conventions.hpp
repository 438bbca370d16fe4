#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/port.hpp"

namespace devinit::config {

/// The numbers that a project's users know by heart, whatever the framework.
inline constexpr Port kBackendPort = 8000;
inline constexpr Port kFrontendPort = 3000;

/// The two halves of a project, by which folders, processes and ports are told apart.
enum class Role { backend, frontend };

[[nodiscard]] constexpr std::string_view role_name(Role role) noexcept {
  return role == Role::backend ? "backend" : "frontend";
}
[[nodiscard]] constexpr Port role_port(Role role) noexcept { return role == Role::backend ? kBackendPort : kFrontendPort; }

/// What a folder of this name holds: backend, api, server; frontend, web, client. Nothing for any other name.
[[nodiscard]] constexpr std::optional<Role> role_of_folder(std::string_view name) noexcept {
  if (name == "backend" || name == "api" || name == "server") return Role::backend;
  if (name == "frontend" || name == "web" || name == "client") return Role::frontend;
  return std::nullopt;
}

/// A folder's or a process's name as a service may be called: other characters than letters, digits, `_`, `-` and `.` become
/// `-`, and "2048" becomes "app-2048" ("all" means every service on the command line, so it becomes "app-all").
[[nodiscard]] std::string to_service_name(std::string_view name);

}  // namespace devinit::config
