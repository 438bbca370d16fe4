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

Result<Ending> ending_of(const Arguments& arguments, const StartPlan& plan) {
  const auto& wish = arguments.supervision;
  std::string source;
  if (!wish.exit_code_from.empty()) {
    TRY_ASSIGN(source, exit_code_source(plan.config, wish.exit_code_from));
  }
  return Ending(names_of(plan), std::move(source), wish.abort_on_failure);
}

/// Only tasks, and all of them done: there is nothing to stay for.
bool all_completed(const StartPlan& plan, const engine::ProjectSnapshot& project) {
  return std::ranges::all_of(plan.services, [&](const auto* service) {
    const auto found = std::ranges::find(project.services, service->name, &engine::ServiceSnapshot::name);
    return found != project.services.end() && found->state == engine::State::completed;
  });
}

bool went_wrong(const api::Done& done) { return !done.failures.empty() || !done.error.empty(); }

/// What has to be said at the end, whoever brought it about; the exit code.
int conclude(const Context& context, const StartPlan& plan, const Operation& operation, const api::Done& done, const Ending& ending) {
  const int code = report(done, context.output);
  if (operation.interrupted()) return os::Interrupts::exit_code();
  const auto& culprit = ending.culprit();
  if (!culprit) return code;
  const bool told = std::ranges::count(done.failures, culprit->name, &api::Failure::service) > 0;
  if (culprit->state == engine::State::failed && !told) report_failure(failure_of(plan.project, *culprit), context.output);
  const int wanted = ending.exit_code();
  return wanted == 0 && went_wrong(done) ? exit_code_of(Errc::failed) : wanted;
}

/// A start that has failed: says why, and returns when all that it began is stopped.
Result<int> end_failed(const Context& context, const StartPlan& plan, Operation& operation, const api::Done& done, const Ending& ending) {
  const int code = conclude(context, plan, operation, done, ending);
  TRY_ASSIGN(const auto last, operation.outlast(done));
  operation.leave(last.project);
  return operation.interrupted() ? os::Interrupts::exit_code() : code;
}

/// From "all ready" to the end: by Ctrl-C, by what `ending` waits for, or because somebody else stopped everything.
Result<int> hold(const Context& context, const StartPlan& plan, Operation& operation, const LogFollower& follower, const Ending& ending) {
  if (!ending.culprit()) context.output.say("all is ready; Ctrl-C stops what this command started");
  TRY_ASSIGN(const auto done, operation.wait_done());
  const int code = conclude(context, plan, operation, done, ending);
  operation.leave(done.project);
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
  operation.only(concerned_services(*plan));
  operation.end_when([&ending](const api::Event& event) { return ending.on(event); });
  LogGroup starting(context, "start");
  TRY_ASSIGN(const auto request, start_request(context, *plan, api::Request::Op::up));
  TRY(operation.begin(request));
  TRY_ASSIGN(const auto done, operation.wait_done());
  starting.end();
  if (!done.ok) return end_failed(context, *plan, operation, done, ending);
  // It may end between the last change and `Done`: then the cancellation is on its way, and a second `Done` follows.
  if (ending.culprit() || !all_completed(*plan, done.project)) return hold(context, *plan, operation, follower, ending);
  const int code = conclude(context, *plan, operation, done, ending);
  operation.leave(done.project);
  return code;
}

}  // namespace devinit::cli
