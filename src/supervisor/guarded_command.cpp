#include "supervisor/guarded_command.hpp"

#include <cerrno>

#include "os/exit_status.hpp"

namespace devinit::supervisor {

using guardian::ReportKind;

Result<std::unique_ptr<GuardedCommand>> GuardedCommand::launch(boost::asio::io_context& loop, os::SpawnRequest request,
                                                               std::optional<Millis> limit, Listener on_end) {
  std::unique_ptr<GuardedCommand> command(new GuardedCommand(loop, limit, std::move(on_end)));
  TRY_ASSIGN(command->process_, ServiceProcess::launch(loop, std::move(request),
                                                       [self = command.get()](const auto& report) { self->on_report(report); }));
  command->limit_end();
  return command;
}

GuardedCommand::GuardedCommand(boost::asio::io_context& loop, std::optional<Millis> limit, Listener on_end)
    : timer_(loop), limit_(limit), on_end_(std::move(on_end)) {}

/// The guardian would end the command anyway when it finds itself alone; the order spares the grace.
GuardedCommand::~GuardedCommand() {
  if (process_) process_->kill();
}

void GuardedCommand::kill() {
  killed_ = true;
  process_->kill();
}

void GuardedCommand::limit_end() {
  if (!limit_) return;
  timer_.expires_after(*limit_);
  timer_.async_wait([this, alive = std::weak_ptr<bool>(alive_)](const boost::system::error_code& error) {
    if (error || alive.expired()) return;
    timed_out_ = true;
    process_->kill();
  });
}

void GuardedCommand::on_report(const std::optional<guardian::Report>& report) {
  if (!report) return end({.code = {}, .timed_out = timed_out_, .lost = true, .text = "was lost: its guardian was killed"});
  switch (report->kind) {
    case ReportKind::spawned:
    case ReportKind::spared: return;
    case ReportKind::leader_exited: return process_->kill();  // what it left behind ends with it
    case ReportKind::exec_failed:
      return end({.code = {}, .timed_out = false, .text = errno_error("cannot be executed", report->value).message});
    case ReportKind::survivors:
      return end({.code = {}, .timed_out = timed_out_, .text = "cannot be ended: " + std::to_string(report->value) + " processes of it are left"});
    case ReportKind::empty: break;
  }
  const auto status = os::ExitStatus::from_wait_status(report->value);
  if (!timed_out_) return end({.code = status.code(), .timed_out = false, .text = status.describe()});
  end({.code = {}, .timed_out = true, .text = "did not end within " + format_duration(*limit_)});
}

void GuardedCommand::end(Ended ended) {
  timer_.cancel();
  ended.killed = killed_;
  const auto on_end = std::move(on_end_);
  on_end(ended);  // may destroy us
}

}  // namespace devinit::supervisor
