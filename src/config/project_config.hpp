#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/port_rules.hpp"
#include "config/service_config.hpp"

namespace devinit::config {

enum class ConflictRule { ask, kill, next, fail };

/// Everything the user asked for, validated: names resolve, no dependency cycle, no port twice.
struct ProjectConfig {
  std::string name;
  std::string file;      ///< "devinit.json", or empty when detected
  std::vector<std::string> files;           ///< every file it was read from, relative to the root: includes and devinit.local.json, too
  std::vector<ServiceConfig> services;      ///< in file or detection order
  std::vector<std::pair<std::string, std::string>> runtime_env;
  std::optional<ConflictRule> on_conflict;
  PortRules port_rules;                     ///< "ports", as it is written
  std::optional<PortRange> automatic_range; ///< `port_rules.range`
  std::map<std::string, std::vector<std::string>> profiles;  ///< name → services, replicas resolved
  std::vector<Port> denied_ports;           ///< every single port of `port_rules.deny`, in order

  [[nodiscard]] const ServiceConfig* find(const std::string& name) const noexcept;
  /// What a name on the command line means: the service itself, or all replicas of it. Empty when there is no such name.
  [[nodiscard]] std::vector<std::string> services_called(const std::string& name) const;
};

/// `backend` → "BACKEND", `my-api.v2` → "MY_API_V2": the prefix of a service's variables.
[[nodiscard]] std::string variable_prefix(const std::string& service);

}  // namespace devinit::config
