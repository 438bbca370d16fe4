#include <algorithm>

#include "cli/bring_up.hpp"
#include "cli/status_source.hpp"

namespace devinit::cli {
namespace {

/// Services of the configuration and of the last run: what was removed from the configuration can still be stopped.
Result<> check_known(const Context& context, const Project& project, const LastRun& run) {
  auto config = load_config(project);
  if (!config) return {};  // a mistake in a file must not keep anybody from stopping
  auto known = service_names(*config);
  if (run.state) {
    for (const auto& service : run.state->services) {
      if (std::ranges::find(known, service.snapshot.name) == known.end()) known.push_back(service.snapshot.name);
    }
  }
  return check_targets(context.arguments.targets, known);
}

}  // namespace

Result<int> run_stop(const Context& context) {
  TRY_ASSIGN(const auto project, context.project());
  const auto run = read_last_run(project);
  TRY(check_known(context, project, run));
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
  request.targets = context.arguments.targets;
  Operation operation(project, context.output, interrupts, make_resolver(context, nullptr, interrupts.fd()), true);
  TRY(operation.begin(request));
  TRY_ASSIGN(const auto done, operation.wait_done());
  const int code = report(done, context.output);
  operation.leave(done.project);
  return code;
}

}  // namespace devinit::cli
