#include <algorithm>

#include "cli/commands/commands.hpp"
#include "cli/live_environment.hpp"
#include "cli/missing_command.hpp"
#include "cli/status_source.hpp"
#include "os/replace_process.hpp"

namespace devinit::cli {
namespace {

bool something_runs(const engine::ProjectSnapshot& project) {
  return project.supervisor_running && std::ranges::any_of(project.services, [](const auto& service) {
           return !service.external && !engine::is_down(service.state);
         });
}

}  // namespace

Result<int> run_exec(const Context& context) {
  const auto& command = context.arguments.supervision.command;
  const auto& services = context.arguments.targets;
  TRY_ASSIGN(const auto project, context.project());
  const auto running = current_snapshot(project, read_last_run(project));
  if (!something_runs(running)) {
    return Error(Errc::failed, "nothing runs in " + project.root() + ", so there is no live environment",
                 "devinit start first; devinit test -- " + command.front() + " starts what is missing and stops it again");
  }
  TRY_ASSIGN(const auto environment, live_environment(project, running, services.empty() ? std::string() : services.front()));
  const auto failure = os::replace_process(command, environment);
  context.output.error(failure);
  return exit_code_of_missing_command(failure.code);
}

}  // namespace devinit::cli
