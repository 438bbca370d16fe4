#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/registry_view.hpp"
#include "config/ports_file.hpp"
#include "config/project_config.hpp"
#include "engine/operation.hpp"
#include "project/project.hpp"

namespace devinit::supervisor {

/// Everything that one start request was made of: read once, then shared by the services that it starts, for all their restarts.
struct StartContext {
  project::Project project;     ///< with the caller's environment, which stays in memory
  config::ProjectConfig config;
  std::vector<std::pair<std::string, Port>> passive;         ///< keys of .ports.json without a service, and external services
  std::map<std::string, config::PortChoice> choices;         ///< by ports_key
  config::PortsRecord record;                                ///< what devinit last wrote
  std::vector<std::string> notices;                          ///< about the caller's variables, for the user
  api::RegistryView registry;                                ///< what the registry said when the request was made
  std::map<std::string, std::string> fingerprints;           ///< what each task of `run: once` would do, as the client found it
};
using StartContextPtr = std::shared_ptr<const StartContext>;

/// Reads configuration, .ports.json and the record. Every mistake of the user's files is an Errc::config error.
[[nodiscard]] Result<StartContextPtr> load_start_context(const project::Project& project, std::optional<api::RegistryView> registry = {},
                                                         std::map<std::string, std::string> fingerprints = {});

/// Its number was set by hand or in devinit.json, so that it may take an idle lease over.
[[nodiscard]] bool is_named(const config::PortChoice& choice) noexcept;

/// Where the fallbacks of a port come from; `role` is a key of `choices`.
[[nodiscard]] PortRange fallback_range(const StartContext& context, const std::string& role);

/// What no automatic choice may take, but for the ports of the plan itself: what is denied, passive, and what the registry says.
[[nodiscard]] PortSet ports_to_avoid(const StartContext& context);

/// The engine's view of it: services to run (external and disabled ones are not), their ports in order of choice, ports never to fall back on.
[[nodiscard]] engine::StartRequest plan_request(const StartContext& context, engine::OperationId operation, engine::OperationKind kind,
                                                const std::vector<std::string>& targets);

}  // namespace devinit::supervisor
