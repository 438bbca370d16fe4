#include <algorithm>

#include "cli/bring_up.hpp"
#include "cli/log_group.hpp"
#include "cli/status_source.hpp"
#include "cli/targets.hpp"

namespace devinit::cli {
namespace {

/// What is to be stopped, by the configuration and the last run: what was removed from the configuration can still be stopped.
Result<std::vector<std::string>> stop_targets(const Context& context, const Project& project, const LastRun& run) {
  auto names = context.arguments.targets;
  const auto& profiles = context.arguments.supervision.profiles;
  const auto config = load_config(project);
  if (!config && !profiles.empty()) return config.error();
  if (!config) return names;  // a mistake in a file must not keep anybody from stopping
  std::vector<std::string> removed;
  if (run.state) {
    for (const auto& service : run.state->services) {
      const auto& name = service.snapshot.name;
      if (config->find(name) == nullptr && std::erase(names, name) > 0) removed.push_back(name);
    }
  }
  if (names.empty() && profiles.empty()) return removed;
  TRY_ASSIGN(auto targets, resolve_targets(*config, names, profiles));
  targets.insert(targets.end(), removed.begin(), removed.end());
  return targets;
}

}  // namespace

Result<int> run_stop(const Context& context) {
  TRY_ASSIGN(const auto project, context.project());
  const auto run = read_last_run(project);
  TRY_ASSIGN(const auto targets, stop_targets(context, project, run));
  // Services that failed are still wanted: `stop` says that they are not, and that is written down by a supervisor.
  const bool wanted = run.state && std::ranges::any_of(run.state->services, [](const auto& service) { return service.snapshot.wanted; });
  if (!run.lock_held && !needs_sweep(run) && !wanted) {
    context.output.say("nothing is running");
    api::Done done;
    done.ok = true;
    done.project = derive_snapshot(project, run);
    if (context.arguments.json) context.output.data(api::encode(api::Event(done)));
    return 0;
  }
  TRY_ASSIGN(auto interrupts, os::Interrupts::block());
  api::Request request;
  request.op = api::Request::Op::stop;
  request.targets = targets;
  request.timeout = context.arguments.supervision.timeout;
  const LogGroup group(context, "stop");
  Operation operation(project, context.output, interrupts, make_resolver(context, nullptr, interrupts.fd()), true);
  TRY(operation.begin(request));
  TRY_ASSIGN(const auto done, operation.wait_done());
  const int code = report(done, context.output);
  operation.leave(done.project);
  return code;
}

}  // namespace devinit::cli
