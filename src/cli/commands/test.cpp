#include <csignal>
#include <utility>

#include "cli/bring_up.hpp"
#include "cli/live_environment.hpp"
#include "cli/log_group.hpp"
#include "cli/missing_command.hpp"
#include "cli/sanitize.hpp"
#include "os/readable.hpp"
#include "os/spawn.hpp"
#include "os/wait_child.hpp"

namespace devinit::cli {
namespace {

constexpr int kSignalBase = 128;

/// An error of devinit's own; with --json also as a document on stdout, where the command has written nothing.
void tell(const Context& context, const Error& error) {
  auto style = context.output.style();
  style.json = context.arguments.json;
  Output(style).error(error);
}

/// How the command ended; `at_once`: it was killed for a second Ctrl-C, and nobody waits for the rest.
struct Ended {
  int code = 0;
  bool at_once = false;
};

/// Signals while the command runs: they are for it.
class HandingOn {
 public:
  HandingOn(const os::Spawned& child, const std::string& name, Output& output) : child_(child), name_(name), output_(output) {}

  /// False when it was enough: the command has been killed.
  [[nodiscard]] bool take_all(os::Interrupts& interrupts) {
    while (const auto arrived = interrupts.take_one()) {
      if (!take(*arrived)) return false;
    }
    return true;
  }

 private:
  bool take(const os::Interrupts::Arrived& arrived) {
    // A Ctrl-C has reached the command already, as part of our process group; the end of a terminal is told to its first process only.
    const bool hangs_up = arrived.signal == SIGHUP;
    if (!arrived.from_terminal || hangs_up) static_cast<void>(os::send_signal(child_.identity, arrived.signal));
    if (hangs_up) return true;
    if (std::exchange(told_, true)) {
      static_cast<void>(os::send_signal(child_.identity, SIGKILL));
      return false;
    }
    output_.say("waiting for " + sanitized(name_) + " to end; press Ctrl-C again to kill it and leave at once");
    return true;
  }

  const os::Spawned& child_;
  const std::string& name_;
  Output& output_;
  bool told_ = false;
};

/// Waits for the command, shows meanwhile what happens to the services, and says its exit code as shells do.
Result<Ended> attend(const os::Spawned& child, HandingOn signals, Operation& operation, os::Interrupts& interrupts) {
  bool at_once = false;
  while (!at_once) {
    std::optional<std::chrono::milliseconds> timeout;
    if (operation.pending()) timeout = std::chrono::milliseconds(0);
    const auto readable = os::wait_readable({child.pidfd.get(), interrupts.fd(), operation.fd()}, timeout);
    if (readable[0]) break;
    if (readable[1]) at_once = !signals.take_all(interrupts);
    if (readable[2] || operation.pending()) operation.pump();
  }
  // Ctrl-C was for the command; what comes from here on is for us.
  static_cast<void>(interrupts.take());
  TRY_ASSIGN(const auto status, os::wait_for_child(child));
  if (at_once) return Ended{os::Interrupts::exit_code(), true};
  return Ended{status.code().value_or(kSignalBase + status.signal().value_or(0))};
}

Result<Ended> run_command(const Context& context, const StartPlan& plan, const engine::ProjectSnapshot& running, Operation& operation,
                          os::Interrupts& interrupts) {
  const auto& command = context.arguments.supervision.command;
  const LogGroup group(context, command.front());
  os::SpawnRequest request;
  request.argv = command;
  request.fds = {{0, 0}, {1, 1}, {2, 2}};
  request.dies_with_us = true;  // the services stop then: what is left would test nothing
  TRY_ASSIGN(request.environment, live_environment(plan.project, running, ""));
  const auto child = os::spawn(request);
  if (child) return attend(*child, HandingOn(*child, command.front(), context.output), operation, interrupts);
  tell(context, child.error());
  return Ended{exit_code_of_missing_command(child.error().code)};
}

/// The one error that says for a program why the command was not run.
Error not_started(const api::Done& done) {
  const auto code = done.config_error ? Errc::config : Errc::failed;
  if (done.failures.empty()) return Error(code, done.error, done.hint);
  std::string message;
  for (const auto& failure : done.failures) message += (message.empty() ? "" : "; ") + failure.service + " failed: " + failure.reason;
  return Error(code, message, "the command was not run; devinit logs " + done.failures.front().service + " shows more");
}

/// A start that has failed: the command does not run; returns when all that was begun is stopped.
Result<int> end_failed(const Context& context, Operation& operation, const api::Done& done) {
  const bool document = context.arguments.json && !done.interrupted;
  if (document) tell(context, not_started(done));
  const int code = document ? exit_code_of(not_started(done).code) : report(done, context.output);
  TRY_ASSIGN(const auto last, operation.outlast(done));
  operation.leave(last.project);
  return operation.interrupted() ? os::Interrupts::exit_code() : code;
}

/// Stops what the start has begun. A stop that fails does not hide how the command ended, unless that was well.
Result<int> finish(const Context& context, Operation& operation, int code) {
  const LogGroup group(context, "stop");
  const auto done = operation.finish();
  if (!done && done.error().code == Errc::interrupted) return code == 0 ? os::Interrupts::exit_code() : code;
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
  if (!done.ok || done.interrupted) return end_failed(context, operation, done);
  operation.show_plainly();
  const auto ended = run_command(context, *plan, done.project, operation, interrupts);
  if (!ended) tell(context, ended.error());
  if (ended && ended->at_once) return ended->code;
  return finish(context, operation, ended ? ended->code : exit_code_of(ended.error().code));
}

}  // namespace devinit::cli
