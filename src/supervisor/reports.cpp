// What comes from outside: of guardians, probes, limits, watches and the schedule. Each becomes an event for the engine, or words for people.
#include <algorithm>
#include <cerrno>
#include <csignal>

#include "os/exit_status.hpp"
#include "ports/holder.hpp"
#include "supervisor/log_excerpt.hpp"
#include "supervisor/service_runner.hpp"
#include "supervisor/sweep.hpp"

namespace devinit::supervisor {
namespace {

using Kind = engine::ServiceMachine::EventKind;

/// As shells tell it; what ends because it was told to has none of its own.
std::optional<int> own_exit_code(engine::State state, const os::ExitStatus& status) {
  if (state != engine::State::starting && state != engine::State::ready && state != engine::State::running) return std::nullopt;
  constexpr int kSignalBase = 128;
  return status.code().value_or(kSignalBase + status.signal().value_or(0));
}

}  // namespace

void ServiceRunner::on_ready(const std::string& service, const std::string& detail) {
  service_event(service, Kind::became_ready, detail);
  const auto* config = engine_.config_of(service);
  if (config == nullptr || state_of(service) != engine::State::ready) return;
  watch_liveness(service);
  if (config->hooks.after_ready.empty()) return;
  run_hook(service, HookKind::after_ready, config->hooks.after_ready, {}, [](const GuardedCommand::Ended&) {});
}

void ServiceRunner::on_not_ready(const std::string& service, const std::string& why) { service_event(service, Kind::not_ready, why); }

void ServiceRunner::on_companion(const std::string& service, engine::ServiceMachine::Event event) {
  const bool exceeded = event.kind == Kind::exceeded;
  host_.post(engine::ServiceEvent{service, std::move(event)});  // why, before the end of the tree says that
  const auto running = running_.find(service);
  if (exceeded && running != running_.end()) running->second.process->kill();
}

void ServiceRunner::on_files_changed(const std::string& service, const std::string& summary) {
  const auto* config = engine_.config_of(service);
  const auto debounce = config != nullptr && config->watch ? config->watch->debounce : Millis(0);
  const auto file = summary.substr(0, summary.find(" and "));
  const auto decision = brake_.changed(service, file, debounce, std::chrono::steady_clock::now());
  if (decision.verdict == WatchBrake::Verdict::waiting) return;
  held_changes_.erase(service);
  const auto act = [this, service, summary] {
    brake_.acted(service, std::chrono::steady_clock::now());
    host_.post(engine::FilesChanged{service, summary});
  };
  if (decision.verdict == WatchBrake::Verdict::act) return act();
  if (decision.first) {
    host_.tell("warning", service,
               file + " changes each time shortly after its watch has acted: from now on that waits longer each time; if the service writes that "
                      "file itself, name it in `watch.ignore`");
  }
  auto& timer = held_changes_.try_emplace(service, loop_).first->second;
  timer.expires_after(decision.pause);
  timer.async_wait([act](const boost::system::error_code& error) {
    if (!error) act();
  });
}

void ServiceRunner::on_remark(const std::string& level, const std::string& service, const std::string& text) { host_.tell(level, service, text); }

void ServiceRunner::on_notification(const std::string& service, const Notification& message) {
  if (companions_.on_notification(service, message)) host_.on_said(service);
  readiness_.notified(service, message);
}

void ServiceRunner::on_listens_elsewhere(const std::string& service, Port port) {
  const auto* config = engine_.config_of(service);
  const auto expected = engine_.port_of(service, "");
  if (config == nullptr || !config->port || !expected) return;
  const std::string text = "listens on " + std::to_string(port) + " instead of " + std::to_string(*expected);
  if (config->port->strict) {
    return service_event(service, Kind::rejected, text + ", and its port is strict", engine::FailureCode::wrong_port);
  }
  ports_.adopt(service, "", port);
  readiness_.expect_port(service, port);
  host_.post(engine::PortChanged{service, "", port, "the service listens there by its own choice: adopted", "adopted"});
}

void ServiceRunner::on_foreign_listener(const std::string& service, Port port) {
  const auto holders = ports::holders_of(port);
  const std::string who = holders.empty() ? "another process" : ports::describe(holders.front());
  host_.tell("warning", service, "port " + std::to_string(port) + " is answered by " + who + ", which is not part of it");
}

/// By value: the caller's string may live in the process that is destroyed below.
void ServiceRunner::on_report(std::string service, const std::optional<guardian::Report>& report) {
  using guardian::ReportKind;
  if (!report) return on_guardian_lost(service);
  switch (report->kind) {
    case ReportKind::spawned:
      host_.post(engine::ServiceEvent{service, {Kind::spawned}, report->value});
      return;
    case ReportKind::exec_failed:
      return on_exec_failed(service, *report);
    case ReportKind::leader_exited:
      return on_leader_exited(service, report->value);
    case ReportKind::empty:
      return on_tree_empty(service, report->value, report->extra);
    case ReportKind::spared:
      lost_.spare(report->value);
      return host_.tell("info", service, "left the shared daemon " + std::to_string(report->value) + " running");
    case ReportKind::survivors: {
      const std::string text = std::to_string(report->value) + " processes could not be ended, the first is pid " + std::to_string(report->extra);
      end_run(service);
      return service_event(service, Kind::survivors, text);
    }
  }
}

void ServiceRunner::on_exec_failed(const std::string& service, const guardian::Report& report) {
  const auto* config = engine_.config_of(service);
  const bool executed = static_cast<guardian::SetupStep>(report.extra) == guardian::SetupStep::exec;
  const bool missing = executed && report.value == ENOENT;
  constexpr int kNoSuchCommand = 127;  // the shells' words for it, and for what cannot be executed
  constexpr int kNotExecutable = 126;
  if (executed) memory_[service].exit_code = missing ? kNoSuchCommand : kNotExecutable;
  const auto reason = start_failure(config == nullptr ? config::Command{} : config->command, report);
  const auto denied = executed ? engine::FailureCode::command_denied : engine::FailureCode::other;
  end_run(service);
  service_event(service, Kind::spawn_failed, reason, missing ? engine::FailureCode::command_not_found : denied);
}

void ServiceRunner::on_leader_exited(const std::string& service, int wait_status) {
  const auto status = os::ExitStatus::from_wait_status(wait_status);
  if (const auto code = own_exit_code(state_of(service), status)) memory_[service].exit_code = *code;
  engine::ServiceMachine::Event event{Kind::leader_exited, "its first process " + status.describe()};
  event.clean_exit = status.success();
  event.exit_code = status.code();
  const auto port = engine_.port_of(service, "");
  const auto running = running_.find(service);
  if (running != running_.end()) running->second.met_busy_port = met_busy_port(service, running->second);
  event.still_serving = port && running != running_.end() && Readiness::serves(running->second.process->guardian().pid, *port);
  host_.post(engine::ServiceEvent{service, event});
}

void ServiceRunner::on_tree_empty(const std::string& service, int wait_status, std::uint64_t lost_log_bytes) {
  const auto port = engine_.port_of(service, "");
  const auto status = os::ExitStatus::from_wait_status(wait_status);
  if (const auto code = own_exit_code(state_of(service), status)) memory_[service].exit_code = *code;
  const auto* config = engine_.config_of(service);
  const bool meant_to_end = config != nullptr && config->runs_to_end();
  engine::ServiceMachine::Event event{Kind::tree_empty, meant_to_end ? status.describe() : describe_end(status)};
  // Of a signal, as shells tell it, unless it is the one that we ended it with.
  event.exit_code = status.code() ? status.code() : memory_[service].exit_code;
  const auto running = running_.find(service);
  if (running != running_.end() && port) event.port_stolen = ended_by_busy_port(service, running->second, *port);
  if (port) just_ended_[service] = *port;
  if (lost_log_bytes > 0) host_.tell("warning", service, std::to_string(lost_log_bytes) + " bytes of its log could not be written");
  const bool killed = status.signal() == SIGKILL && state_of(service) != engine::State::stopping;
  const auto out_of_memory = end_run(service);
  if (killed && !out_of_memory.empty()) service_event(service, Kind::exceeded, out_of_memory);
  const bool asked_for = state_of(service) == engine::State::stopping;
  if (!asked_for) host_.tell("log", service, event.text);  // a line for each of a hundred stops is nobody's news
  const bool by_itself = memory_[service].exit_code.has_value();
  if (by_itself) remember_task(service, status);  // one that was stopped has not been done
  finish_run(service, std::move(event));
}

/// The hooks are part of the run: none may meet the next one, and what after_exit clears away must be gone before that.
void ServiceRunner::finish_run(const std::string& service, engine::ServiceMachine::Event event) {
  const auto tell = [this, service, event = std::move(event)] { host_.post(engine::ServiceEvent{service, event}); };
  companions_.hooks.when_idle(service, [this, service, tell] {
    const auto* config = engine_.config_of(service);
    if (config == nullptr || config->hooks.after_exit.empty()) return tell();
    run_hook(service, HookKind::after_exit, config->hooks.after_exit, config->stop.grace, [tell](const GuardedCommand::Ended&) { tell(); });
  });
}

/// The processes of the run are gone, and what accompanied them. Says so when the kernel ended one for want of memory.
std::string ServiceRunner::end_run(const std::string& service) {
  readiness_.forget(service);
  running_.erase(service);
  return companions_.end_run(service);
}

/// A task of `run: once` that ended well is done, until what it would do changes; one that failed is not.
void ServiceRunner::remember_task(const std::string& service, const os::ExitStatus& status) {
  const auto* config = engine_.config_of(service);
  const auto context = context_of(service);
  if (config == nullptr || config->run != config::TaskRun::once || !context) return;
  const auto fingerprint = context->fingerprints.find(service);
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  const auto written = status.success() && fingerprint != context->fingerprints.end()
                           ? companions_.tasks.mark_done(service, fingerprint->second, now)
                           : companions_.tasks.forget(service);
  if (!written) host_.tell("warning", service, written.error().message);
}

/// Whether it ended because it could not bind; when only our own fence or closing connections can have been in its way, the next try
/// is made without them.
bool ServiceRunner::ended_by_busy_port(const std::string& service, const Running& running, Port port) {
  // Who was given the socket has no reason to bind the port: that is a mistake of its configuration, and trying again would not help.
  const auto* config = engine_.config_of(service);
  if (config != nullptr && config->socket == config::SocketPassing::inherit) return false;
  if (!running.met_busy_port && !met_busy_port(service, running)) return false;
  const auto listeners = os::listeners_on(port);
  const bool foreign = listeners && !listeners->empty();
  if (!foreign && running.fenced && memory_[service].unfenced_retries++ == 0) {
    writer_.remember_no_fence(config::ports_key(service, ""));
    host_.tell("info", service, "cannot bind behind the port fence: trying without it");
  } else if (!foreign && !running.fenced) {
    memory_[service].unusable = true;  // closing connections of an earlier run keep a server without SO_REUSEADDR out for up to 60 s
  }
  return true;
}

/// The service is ending without having been ready, and its log says that its port was in use.
bool ServiceRunner::met_busy_port(const std::string& service, const Running& running) const {
  if (state_of(service) != engine::State::starting) return false;
  return says_port_in_use(project_.paths.logs + "/" + service + ".log", running.log_start);
}

/// Before a command is told that services are down: their trees are empty, so whoever listens on their ports escaped from us or is a
/// stranger, and the user should know. One look at the kernel's table for all of them.
void ServiceRunner::warn_of_listeners_left() {
  const auto ended = std::exchange(just_ended_, {});
  if (ended.empty()) return;
  const auto listeners = os::all_listeners();
  if (!listeners) return;
  for (const auto& [service, port] : ended) {
    const bool down = engine::is_down(state_of(service));
    const bool listened = std::any_of(listeners->begin(), listeners->end(), [port = port](const auto& row) { return row.port == port; });
    if (!down || !listened || is_held_by_another(service, port)) continue;
    const auto holders = ports::holders_of(port);
    const std::string who = holders.empty() ? "a process that just ended" : ports::describe(holders.front());
    host_.tell("warning", service, "port " + std::to_string(port) + " is still listened on by " + who);
  }
}

/// A service of ours that runs has the port now.
bool ServiceRunner::is_held_by_another(const std::string& service, Port port) const {
  const auto known = engine_.ports();
  return std::any_of(known.begin(), known.end(), [&](const auto& other) {
    return other.port == port && other.service != service && running_.contains(other.service);
  });
}

void ServiceRunner::on_guardian_lost(const std::string& service) {
  host_.tell("warning", service, "its guardian was killed: ending what it guarded");
  end_run(service);
  lost_.add(service, [this, service](bool survived) {
    if (survived) return service_event(service, Kind::survivors, "processes of a killed guardian could not be ended");
    finish_run(service, {Kind::tree_empty, "its guardian was killed"});
  });
}

std::vector<os::ProcessIdentity> ServiceRunner::living_guardians() const {
  std::vector<os::ProcessIdentity> guardians;
  readiness_.add_guardians(guardians);
  companions_.add_guardians(guardians);
  for (const auto& [name, running] : running_) guardians.push_back(running.process->guardian());
  if (const auto child = host_.other_child()) guardians.push_back(*child);
  return guardians;
}

}  // namespace devinit::supervisor
