#pragma once

#include "cli/commands/commands.hpp"
#include "cli/operation.hpp"

namespace devinit::cli {

/// What start, restart and up have in common before they send their request.
struct StartPlan {
  Project project;
  config::ProjectConfig config;
  std::vector<std::string> targets;  ///< names of services; empty: all
  std::vector<const config::ServiceConfig*> services;  ///< into `config`: targets and what they depend on
};
/// Reads everything that people edit, checks the targets and prepares fresh clones: every mistake is said before anything is
/// touched.
[[nodiscard]] Result<std::unique_ptr<StartPlan>> plan_start(const Context& context, os::Interrupts& interrupts);

/// The request, with the caller's environment, what the registry says, and what its tasks would do. Errors as in `registry_view` and `task_fingerprints`.
[[nodiscard]] Result<api::Request> start_request(const Context& context, const StartPlan& plan, api::Request::Op op);
/// Whose changes belong to a start: its targets and all they depend on. Empty when the targets are all: then everything does.
[[nodiscard]] std::vector<std::string> concerned_services(const StartPlan& plan);
/// The conflict rule as command line, environment and configuration have it.
[[nodiscard]] ConflictResolver make_resolver(const Context& context, const config::ProjectConfig* config, int cancel_fd);

/// A whole `start` or `restart`: waits until all is ready or failed, prints the URLs.
[[nodiscard]] Result<int> start_and_wait(const Context& context, api::Request::Op op);
/// A whole `reload`. Nothing is started where nothing runs.
[[nodiscard]] Result<int> reload_and_wait(const Context& context);

}  // namespace devinit::cli
