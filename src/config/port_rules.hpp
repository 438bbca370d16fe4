#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/port.hpp"
#include "base/result.hpp"

namespace devinit::config {

/// The numbers of one role in a pool.
struct PoolRole {
  Port start = 0;
  Port step = 1;
  Port end = 65535;
};

/// A named range that is set aside. `"pools": {"claude": {"models": ["anthropic*"], "roles": {"backend": {"start": 20000, "step": 2, "end":
/// 20998}}}}`. Who matches `models` or `projects` (names; `*` stands for any text) gets its ports from it; who does not match never gets one
/// out of it, unless the pool names neither: then it is only chosen by `--pool`.
struct Pool {
  std::string name;
  std::vector<std::string> models;
  std::vector<std::string> projects;
  std::map<std::string, PoolRole> roles;
};

/// The ports of one app, fixed beforehand: `"apps": [{"model": "gpt-5", "app": 3, "ports": {"backend": 5100, "frontend": 8100}}]`.
struct AppEntry {
  std::string model;
  std::int64_t app = 0;
  std::map<std::string, Port> ports;
};

/// The object "ports" of devinit.json and of the user's configuration.
struct PortRules {
  std::optional<PortRange> range;  ///< where automatic ports of services come from
  std::vector<PortRange> deny;     ///< never chosen automatically
  std::vector<Pool> pools;
  std::vector<AppEntry> apps;

  /// Of these, nullptr when there is none; of several that match, the first in the file.
  [[nodiscard]] const Pool* find_pool(std::string_view name) const noexcept;
  [[nodiscard]] const Pool* pool_for_model(std::string_view model) const noexcept;
  [[nodiscard]] const Pool* pool_for_project(std::string_view project) const noexcept;
};
/// `project` first: its pools and entries win over the user's of the same name or app; denied ports add up.
[[nodiscard]] PortRules merge(const PortRules& project, const PortRules& user);

/// `~/.config/devinit/config.json`: what holds for all projects of a user. JSON with comments.
struct UserConfig {
  std::string registry;            ///< where the registry is; empty: the default
  std::optional<int> lease_days;   ///< how long an unused project keeps its ports; 30 by default
  PortRules ports;
};
/// All mistakes at once (Errc::config, file:line:column): unknown keys with a suggestion, ports and ranges that are none, pools that
/// overlap, start above end, step 0, a role twice.
[[nodiscard]] Result<UserConfig> parse_user_config(std::string_view text, const std::string& file);

/// `*` stands for any text, everything else for itself.
[[nodiscard]] bool matches(std::string_view pattern, std::string_view text) noexcept;

/// Letters, digits, `-`, `_` and `.`, 1 to 64 of them: what names a role or a pool.
[[nodiscard]] bool is_role_name(std::string_view text) noexcept;

/// The one reader for app numbers that arrive as text: plain decimal from 1 to 2^53 (the whole numbers that every JSON reader keeps). As with
/// ports, nothing is coerced.
[[nodiscard]] std::optional<std::int64_t> parse_app_number(std::string_view text) noexcept;

}  // namespace devinit::config
