#include <algorithm>

#include "cli/bring_up.hpp"
#include "cli/ending.hpp"
#include "cli/failure_report.hpp"
#include "cli/log_group.hpp"
#include "cli/log_printer.hpp"
#include "cli/targets.hpp"

namespace devinit::cli {
namespace {

std::vector<std::string> names_of(const StartPlan& plan) {
  std::vector<std::string> names;
  for (const auto* service : plan.services) names.push_back(service->name);
  return names;
}

/// --exit-code-from names one service, and one that this `up` is about.
Result<Ending> ending_of(const Arguments& arguments, const StartPlan& plan) {
  const auto& wish = arguments.supervision;
  auto names = names_of(plan);
  std::string source;
  if (!wish.exit_code_from.empty()) {
    TRY_ASSIGN(const auto found, resolve_targets(plan.config, {wish.exit_code_from}, {}));
    source = found.front();
    if (found.size() > 1) return Error(Errc::usage, "--exit-code-from needs one service: " + wish.exit_code_from + " has replicas", "for instance " + source);
    if (std::ranges::find(names, source) == names.end()) {
      return Error(Errc::usage, "--exit-code-from " + source + ": this `up` does not start it", "name it among the services, too");
    }
  }
  return Ending(std::move(names), std::move(source), wish.abort_on_failure);
}

/// Only tasks, and all of them done: there is nothing to stay for.
bool all_completed(const StartPlan& plan, const engine::ProjectSnapshot& project) {
  return std::ranges::all_of(plan.services, [&](const auto* service) {
    const auto found = std::ranges::find(project.services, service->name, &engine::ServiceSnapshot::name);
    return found != project.services.end() && found->state == engine::State::completed;
  });
}

/// What has to be said at the end, whoever brought it about; the exit code.
int conclude(const Context& context, const StartPlan& plan, Operation& operation, const api::Done& done, const Ending& ending) {
  const int code = report(done, context.output);
  operation.leave(done.project);
  if (operation.interrupted()) return exit_code_of(Errc::interrupted);
  const auto& culprit = ending.culprit();
  if (!culprit) return code;
  const bool told = std::ranges::count(done.failures, culprit->name, &api::Failure::service) > 0;
  if (culprit->state == engine::State::failed && !told) report_failure(failure_of(plan.project, *culprit), context.output);
  return ending.exit_code();
}

/// From "all ready" to the end: by Ctrl-C, by what `ending` waits for, or because somebody else stopped everything.
Result<int> hold(const Context& context, const StartPlan& plan, Operation& operation, const LogFollower& follower, const Ending& ending) {
  context.output.say("all is ready; Ctrl-C stops what this command started");
  TRY_ASSIGN(const auto done, operation.wait_done());
  const int code = conclude(context, plan, operation, done, ending);
  if (follower.lost()) context.output.warn("lines were lost: they were read too slowly, and old log files were overwritten");
  return code;
}

}  // namespace

Result<int> run_up(const Context& context) {
  TRY_ASSIGN(auto interrupts, os::Interrupts::block());
  TRY_ASSIGN(const auto plan, plan_start(context, interrupts));
  TRY_ASSIGN(auto ending, ending_of(context.arguments, *plan));
  TRY(os::create_data_directories(plan->project.paths));
  const auto names = names_of(*plan);
  TRY_ASSIGN(auto follower, LogFollower::open(plan->project.paths.logs, names, 0));
  LogPrinter printer(context.output, names, LogPrinter::Prefix::always);
  const auto print = [&](const std::string& service, std::string_view line) { printer.print(service, line); };

  Operation operation(plan->project, context.output, interrupts, make_resolver(context, &plan->config, interrupts.fd()), false);
  if (!context.arguments.json) operation.stream_logs(follower, print);
  operation.end_when([&ending](const api::Event& event) {
    const auto* changed = std::get_if<api::ServiceChanged>(&event);
    return changed != nullptr && ending.on(changed->service);
  });
  LogGroup starting(context, "start");
  TRY_ASSIGN(const auto request, start_request(context, *plan, api::Request::Op::up));
  TRY(operation.begin(request));
  TRY_ASSIGN(const auto done, operation.wait_done());
  starting.end();
  const bool stays = done.ok && !done.interrupted && !all_completed(*plan, done.project);
  // It may end between the last change and `Done`: then the cancellation is on its way, and a second `Done` follows.
  if (stays || (done.ok && ending.culprit())) return hold(context, *plan, operation, follower, ending);
  return conclude(context, *plan, operation, done, ending);
}

}  // namespace devinit::cli
