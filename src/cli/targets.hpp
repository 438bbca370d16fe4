#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "config/project_config.hpp"

namespace devinit::cli {

/// The services that `names` and `profiles` mean, each once, in the order of the configuration: the name of replicas means all of them.
/// Empty when nothing was named, which means all. What is disabled stays out of
/// profiles. Errc::usage with a suggestion for what does not exist, and for a profile without services.
[[nodiscard]] Result<std::vector<std::string>> resolve_targets(const config::ProjectConfig& config, const std::vector<std::string>& names,
                                                               const std::vector<std::string>& profiles);

/// --exit-code-from: the one service that `name` means. Errc::usage for one that does not exist, replicas, and what has no end of its own to tell
/// (external, scheduled).
[[nodiscard]] Result<std::string> exit_code_source(const config::ProjectConfig& config, const std::string& name);
/// `targets` (empty: all) and `service`, in the order of the configuration; still empty when all means it already.
[[nodiscard]] std::vector<std::string> with_target(const config::ProjectConfig& config, std::vector<std::string> targets, const std::string& service);

/// `targets` and what they depend on, in the order of the configuration, whatever their kind. Without targets: all that `all` means, which leaves
/// out disabled services and external ones that nobody depends on.
[[nodiscard]] std::vector<const config::ServiceConfig*> with_dependencies(const config::ProjectConfig& config,
                                                                          const std::vector<std::string>& targets);

/// What can be named on the command line: services, and names that stand for replicas.
[[nodiscard]] std::vector<std::string> names_of_services(const config::ProjectConfig& config);

}  // namespace devinit::cli
