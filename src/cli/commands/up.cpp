#include "cli/bring_up.hpp"
#include "cli/log_printer.hpp"

namespace devinit::cli {
namespace {

/// From "all ready" to the end: by Ctrl-C, or because somebody else stopped everything.
Result<int> hold(const Context& context, Operation& operation, const LogFollower& follower) {
  context.output.say("all is ready; Ctrl-C stops what this command started");
  TRY_ASSIGN(const auto done, operation.wait_done());
  const int code = report(done, context.output);
  operation.leave(done.project);
  if (follower.lost()) context.output.warn("lines were lost: they were read too slowly, and old log files were overwritten");
  return operation.interrupted() ? exit_code_of(Errc::interrupted) : code;
}

}  // namespace

Result<int> run_up(const Context& context) {
  TRY_ASSIGN(auto interrupts, os::Interrupts::block());
  TRY_ASSIGN(const auto plan, plan_start(context, interrupts));
  TRY(os::create_data_directories(plan->project.paths));
  std::vector<std::string> names;
  for (const auto* service : plan->services) names.push_back(service->name);
  TRY_ASSIGN(auto follower, LogFollower::open(plan->project.paths.logs, names, 0));
  LogPrinter printer(context.output, names, LogPrinter::Prefix::always);
  const auto print = [&](const std::string& service, std::string_view line) { printer.print(service, line); };

  Operation operation(plan->project, context.output, interrupts, make_resolver(context, &plan->config, interrupts.fd()), false);
  if (!context.arguments.json) operation.stream_logs(follower, print);
  TRY_ASSIGN(const auto request, start_request(context, *plan, api::Request::Op::up));
  TRY(operation.begin(request));
  TRY_ASSIGN(const auto done, operation.wait_done());
  if (done.ok && !done.interrupted) return hold(context, operation, follower);
  const int code = report(done, context.output);
  operation.leave(done.project);
  return operation.interrupted() ? exit_code_of(Errc::interrupted) : code;
}

}  // namespace devinit::cli
