#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/registry_arguments.hpp"
#include "config/port_rules.hpp"
#include "registry/requests.hpp"

namespace devinit::cli {

/// The pool called `name`. Errc::usage with a suggestion when there is none.
[[nodiscard]] Result<const config::Pool*> find_pool(const config::PortRules& rules, const std::string& name);

/// The grids of `roles` (empty: backend and frontend). In a pool (may be null: the default numbers) a role has the pool's numbers, unless `roles`
/// gives others; a role that the pool does not name has the default ones.
[[nodiscard]] std::vector<registry::Grid> grids_of(const config::Pool* pool, const std::vector<RoleOption>& roles);

/// What to ask the registry for on behalf of (model, app): the grids, and the ports that the rules fix for it beforehand.
[[nodiscard]] registry::AppRequest app_request(const config::PortRules& rules, const config::Pool* pool, const std::vector<RoleOption>& roles,
                                               const std::string& model, std::int64_t app);

/// `(backend, 5001)` → "BACKEND_PORT=5001".
[[nodiscard]] std::string port_variable(const std::string& role, Port port);

}  // namespace devinit::cli
