#include "cli/bring_up.hpp"
#include "cli/live_environment.hpp"
#include "cli/log_group.hpp"
#include "cli/missing_command.hpp"
#include "os/readable.hpp"
#include "os/spawn.hpp"
#include "os/wait_child.hpp"

namespace devinit::cli {
namespace {

constexpr int kSignalBase = 128;

/// What a terminal sends has reached the command already, as part of our process group.
void hand_on_signals(os::Interrupts& interrupts, const os::Spawned& child) {
  while (const auto arrived = interrupts.take_one()) {
    if (!arrived->from_terminal) static_cast<void>(os::send_signal(child.identity, arrived->signal));
  }
}

/// Waits for the command, shows meanwhile what happens to the services, and says its exit code as shells do.
Result<int> attend(const os::Spawned& child, Operation& operation, os::Interrupts& interrupts) {
  while (true) {
    std::optional<std::chrono::milliseconds> timeout;
    if (operation.pending()) timeout = std::chrono::milliseconds(0);
    const auto readable = os::wait_readable({child.pidfd.get(), interrupts.fd(), operation.fd()}, timeout);
    if (readable[0]) break;
    if (readable[1]) hand_on_signals(interrupts, child);
    if (readable[2] || operation.pending()) operation.pump();
  }
  // Ctrl-C was for the command; what comes from here on is for us.
  static_cast<void>(interrupts.take());
  TRY_ASSIGN(const auto status, os::wait_for_child(child));
  return status.code().value_or(kSignalBase + status.signal().value_or(0));
}

Result<int> run_command(const Context& context, const StartPlan& plan, const engine::ProjectSnapshot& running, Operation& operation,
                        os::Interrupts& interrupts) {
  const auto& command = context.arguments.supervision.command;
  const LogGroup group(context, command.front());
  os::SpawnRequest request;
  request.argv = command;
  request.fds = {{0, 0}, {1, 1}, {2, 2}};
  TRY_ASSIGN(request.environment, live_environment(plan.project, running, ""));
  const auto child = os::spawn(request);
  if (child) return attend(*child, operation, interrupts);
  context.output.error(child.error());
  return exit_code_of_missing_command(child.error().code);
}

/// Stops what the start has begun. A stop that fails does not hide how the command ended, unless that was well.
Result<int> finish(const Context& context, Operation& operation, int code) {
  const LogGroup group(context, "stop");
  const auto done = operation.finish();
  if (!done) {
    context.output.error(done.error());
    return code == 0 ? exit_code_of(done.error().code) : code;
  }
  operation.leave(done->project);
  return code;
}

}  // namespace

Result<int> run_test(const Context& caller) {
  auto style = caller.output.style();
  style.quiet = style.quiet || style.json;
  style.json = false;  // stdout is the command's
  Output output(style);
  const Context context{caller.arguments, output, caller.environment, caller.place};
  TRY_ASSIGN(auto interrupts, os::Interrupts::block());
  TRY_ASSIGN(const auto plan, plan_start(context, interrupts));
  Operation operation(plan->project, context.output, interrupts, make_resolver(context, &plan->config, interrupts.fd()), true);
  LogGroup starting(context, "start");
  TRY_ASSIGN(const auto request, start_request(context, *plan, api::Request::Op::up));
  TRY(operation.begin(request));
  TRY_ASSIGN(const auto done, operation.wait_done());
  starting.end();
  if (!done.ok || done.interrupted) {
    const int code = report(done, context.output);
    operation.leave(done.project);
    return operation.interrupted() ? exit_code_of(Errc::interrupted) : code;
  }
  operation.show_plainly();
  const auto code = run_command(context, *plan, done.project, operation, interrupts);
  if (!code) context.output.error(code.error());
  return finish(context, operation, code ? *code : exit_code_of(code.error().code));
}

}  // namespace devinit::cli
