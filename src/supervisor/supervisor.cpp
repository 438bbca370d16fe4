#include "supervisor/supervisor.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>

#include "base/suggest.hpp"
#include "os/children.hpp"
#include "os/deletion_signal.hpp"
#include "os/exit_status.hpp"
#include "os/files.hpp"
#include "os/unix_socket.hpp"
#include "ports/holder.hpp"
#include "supervisor/log_excerpt.hpp"
#include "supervisor/sweep.hpp"

namespace devinit::supervisor {
namespace {

using Clock = std::chrono::steady_clock;
using Kind = engine::ServiceMachine::EventKind;
namespace asio = boost::asio;

/// The command that started us connects at once; if it died meanwhile, nobody else will.
constexpr std::chrono::seconds kFirstClientPatience{5};
constexpr Millis kOrphanRound{5};
constexpr std::chrono::seconds kOrphanBudget{10};
/// Whoever deletes a folder gets to its end before we make ours again.
constexpr Millis kDeletionPause{200};
/// The operation of stopping because of SIGTERM: no stream has this id.
constexpr engine::OperationId kOwnStop = ~engine::OperationId{0};

engine::OperationId operation_from(const std::string& text) {
  engine::OperationId id = 0;
  std::from_chars(text.data(), text.data() + text.size(), id);
  return id;
}

engine::OperationKind kind_of(api::Request::Op op) {
  if (op == api::Request::Op::restart) return engine::OperationKind::restart;
  if (op == api::Request::Op::reload) return engine::OperationKind::reload;
  return op == api::Request::Op::up ? engine::OperationKind::up : engine::OperationKind::start;
}

engine::PortPlanner::Choice choice_of(api::Request::Choice choice) {
  switch (choice) {
    case api::Request::Choice::retry: return engine::PortPlanner::Choice::retry;
    case api::Request::Choice::next: return engine::PortPlanner::Choice::next;
    case api::Request::Choice::fail: return engine::PortPlanner::Choice::fail;
  }
  return engine::PortPlanner::Choice::next;
}

/// As shells tell it; what ends because it was told to has none of its own.
std::optional<int> own_exit_code(engine::State state, const os::ExitStatus& status) {
  if (state != engine::State::starting && state != engine::State::ready) return std::nullopt;
  constexpr int kSignalBase = 128;
  return status.code().value_or(kSignalBase + status.signal().value_or(0));
}


}  // namespace

Supervisor::Supervisor(asio::io_context& loop, Setup setup, Log& log)
    : loop_(loop),
      setup_(std::move(setup)),
      log_(log),
      engine_(static_cast<std::uint32_t>(std::hash<std::string>{}(setup_.guardian.cookie))),
      server_(loop, *this),
      readiness_(loop, *this),
      state_(loop, setup_.project.paths.state_file, [this] { return compose_state(); }),
      leases_(loop, lease_observer()),
      timer_(loop),
      orphan_timer_(loop),
      first_client_timer_(loop),
      deletion_timer_(loop),
      signals_(loop, SIGCHLD, SIGTERM, SIGIO) {}

Supervisor::~Supervisor() = default;

void Supervisor::serve(int listening_fd) {
  server_.listen(listening_fd);
  watch_signals();
  watch_deletions();
  state_.touch();
  state_.flush();
  first_client_timer_.expires_after(kFirstClientPatience);
  first_client_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    had_client_ = true;
    end_if_idle();
  });
}

// ---- events in ----

void Supervisor::post(engine::Event event) {
  events_.push_back(std::move(event));
  if (!running_events_) run_events();
}

/// Effects may raise events at once (a claim is answered synchronously): they queue up behind, nothing recurses.
void Supervisor::run_events() {
  running_events_ = true;
  while (!events_.empty()) {
    const auto event = std::move(events_.front());
    events_.pop_front();
    for (const auto& effect : engine_.step(event, Clock::now())) {
      std::visit([this](const auto& what) { carry_out(what); }, effect);
    }
  }
  running_events_ = false;
  tell_changes();
  arm_timer();
  end_if_idle();
}

void Supervisor::arm_timer() {
  const auto deadline = engine_.next_deadline();
  if (deadline == armed_) return;
  armed_ = deadline;
  if (!deadline) {
    timer_.cancel();
    return;
  }
  timer_.expires_at(*deadline);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    armed_.reset();
    post(engine::Tick{});
  });
}

void Supervisor::on_request(api::Stream& stream, const api::Request& request) {
  first_client_timer_.cancel();
  had_client_ = true;
  streams_[stream.id()] = &stream;
  switch (request.op) {
    case api::Request::Op::start:
    case api::Request::Op::restart:
    case api::Request::Op::up:
    case api::Request::Op::reload:
      return request_start(stream, request);
    case api::Request::Op::stop:
      return request_stop(stream, request);
    case api::Request::Op::answer:
      post(engine::Answered{operation_from(request.operation), request.question, choice_of(request.choice), request.reason});
      break;
    case api::Request::Op::cancel:
      post(engine::Cancelled{operation_from(request.operation)});
      break;
    case api::Request::Op::watch:
      return request_watch(stream);
    case api::Request::Op::status:
      break;
  }
  api::Done done;
  done.ok = true;
  done.project = project_snapshot();
  stream.send(done);
  stream.finish();
}

void Supervisor::on_closed(std::uint64_t stream_id) {
  streams_.erase(stream_id);
  post(engine::ClientGone{stream_id});
}

void Supervisor::on_idle() { end_if_idle(); }

void Supervisor::refuse(api::Stream& stream, const Error& error) {
  api::Done done;
  done.error = error.message;
  done.hint = error.hint;
  done.config_error = exit_code_of(error.code) == 2;
  done.code = error.code;
  done.project = project_snapshot();
  stream.send(done);
  stream.finish();
}

void Supervisor::request_start(api::Stream& stream, const api::Request& request) {
  stream.send(api::Accepted{std::to_string(stream.id())});
  for (const auto& notice : std::exchange(setup_.notices, {})) stream.send(api::Notice{"warning", "", notice});
  auto project = setup_.project;
  project.environment = request.environment;
  const auto context = load_start_context(project, request.registry);
  if (!context) return refuse(stream, context.error());
  for (const auto& notice : (*context)->notices) stream.send(api::Notice{"warning", "", notice});
  if (const auto known = project::check_targets(request.targets, project::service_names((*context)->config)); !known) {
    return refuse(stream, known.error());
  }
  if (const auto made = os::create_data_directories(project.paths); !made) return refuse(stream, made.error());
  // Before anything is claimed or written, and before a restart has stopped anything.
  if (const auto readable = check_env_files(**context); !readable) return refuse(stream, readable.error());
  if (const auto writable = ProjectWriter::check(**context); !writable) return refuse(stream, writable.error());
  pending_[stream.id()] = *context;
  post(plan_request(**context, stream.id(), kind_of(request.op), request.targets));
}

void Supervisor::request_stop(api::Stream& stream, const api::Request& request) {
  stream.send(api::Accepted{std::to_string(stream.id())});
  for (const auto& notice : std::exchange(setup_.notices, {})) stream.send(api::Notice{"warning", "", notice});
  post(engine::StopRequest{stream.id(), request.targets, request.targets.empty(), request.timeout});
}

/// All as it is, then every change: `tell_changes` goes to every stream.
void Supervisor::request_watch(api::Stream& stream) {
  const auto project = project_snapshot();
  for (const auto& service : project.services) stream.send(api::ServiceChanged{service});
  api::Done done;
  done.ok = true;
  done.project = project;
  stream.send(done);
}

void Supervisor::on_ready(const std::string& service, const std::string& detail) { service_event(service, Kind::became_ready, detail); }

void Supervisor::on_listens_elsewhere(const std::string& service, Port port) {
  const auto* config = engine_.config_of(service);
  const auto expected = engine_.port_of(service, "");
  if (config == nullptr || !config->port || !expected) return;
  const std::string text = "listens on " + std::to_string(port) + " instead of " + std::to_string(*expected);
  if (config->port->strict) {
    return service_event(service, Kind::rejected, text + ", and its port is strict", engine::FailureCode::wrong_port);
  }
  ports_.adopt(service, "", port);
  readiness_.expect_port(service, port);
  post(engine::PortChanged{service, "", port, "the service listens there by its own choice: adopted", "adopted"});
}

void Supervisor::on_foreign_listener(const std::string& service, Port port) {
  const auto holders = ports::holders_of(port);
  const std::string who = holders.empty() ? "another process" : ports::describe(holders.front());
  tell("warning", service, "port " + std::to_string(port) + " is answered by " + who + ", which is not part of it");
}

/// By value: the caller's string may live in the process that is destroyed below.
void Supervisor::on_report(std::string service, const std::optional<guardian::Report>& report) {
  using guardian::ReportKind;
  if (!report) return on_guardian_lost(service);
  switch (report->kind) {
    case ReportKind::spawned:
      post(engine::ServiceEvent{service, {Kind::spawned}, report->value});
      return;
    case ReportKind::exec_failed: {
      const auto* config = engine_.config_of(service);
      constexpr int kNoSuchCommand = 127;  // the shells' words for it, and for what cannot be executed
      constexpr int kNotExecutable = 126;
      const bool missing = report->value == ENOENT;
      exit_codes_[service] = missing ? kNoSuchCommand : kNotExecutable;
      const auto reason = exec_failure(config == nullptr ? config::Command{} : config->command, report->value);
      readiness_.forget(service);
      running_.erase(service);
      return service_event(service, Kind::spawn_failed, reason,
                           missing ? engine::FailureCode::command_not_found : engine::FailureCode::command_denied);
    }
    case ReportKind::leader_exited: {
      const auto status = os::ExitStatus::from_wait_status(report->value);
      if (const auto code = own_exit_code(engine_.snapshot(service).state, status)) exit_codes_[service] = *code;
      engine::ServiceMachine::Event event{Kind::leader_exited, "its first process " + status.describe()};
      event.clean_exit = status.success();
      const auto port = engine_.port_of(service, "");
      const auto running = running_.find(service);
      if (running != running_.end()) running->second.met_busy_port = met_busy_port(service, running->second);
      event.still_serving = port && running != running_.end() && Readiness::serves(running->second.process->guardian().pid, *port);
      post(engine::ServiceEvent{service, event});
      return;
    }
    case ReportKind::empty:
      return on_tree_empty(service, report->value, report->extra);
    case ReportKind::spared:
      spared_.insert(report->value);
      return tell("info", service, "left the shared daemon " + std::to_string(report->value) + " running");
    case ReportKind::survivors: {
      const std::string text = std::to_string(report->value) + " processes could not be ended, the first is pid " + std::to_string(report->extra);
      readiness_.forget(service);
      running_.erase(service);
      return service_event(service, Kind::survivors, text);
    }
  }
}

void Supervisor::on_tree_empty(const std::string& service, int wait_status, std::uint64_t lost_log_bytes) {
  const auto port = engine_.port_of(service, "");
  const auto status = os::ExitStatus::from_wait_status(wait_status);
  if (const auto code = own_exit_code(engine_.snapshot(service).state, status)) exit_codes_[service] = *code;
  engine::ServiceMachine::Event event{Kind::tree_empty, describe_end(status)};
  event.exit_code = status.code();
  const auto running = running_.find(service);
  if (running != running_.end() && port) event.port_stolen = ended_by_busy_port(service, running->second, *port);
  if (port) just_ended_[service] = *port;
  if (lost_log_bytes > 0) tell("warning", service, std::to_string(lost_log_bytes) + " bytes of its log could not be written");
  readiness_.forget(service);
  running_.erase(service);
  const bool asked_for = engine_.snapshot(service).state == engine::State::stopping;
  if (!asked_for) log_.info(service + ": " + event.text);  // a line for each of a hundred stops is nobody's news
  post(engine::ServiceEvent{service, event});
}

/// Whether it ended because it could not bind; when only our own fence or closing connections can have been in its way, the next try
/// is made without them.
bool Supervisor::ended_by_busy_port(const std::string& service, const Running& running, Port port) {
  if (!running.met_busy_port && !met_busy_port(service, running)) return false;
  const auto listeners = os::listeners_on(port);
  const bool foreign = listeners && !listeners->empty();
  if (!foreign && running.fenced && unfenced_retries_[service]++ == 0) {
    writer_.remember_no_fence(config::ports_key(service, ""));
    tell("info", service, "cannot bind behind the port fence: trying without it");
  } else if (!foreign && !running.fenced) {
    unusable_.insert(service);  // closing connections of an earlier run keep a server without SO_REUSEADDR out for up to 60 s
  }
  return true;
}

/// The service is ending without having been ready, and its log says that its port was in use.
bool Supervisor::met_busy_port(const std::string& service, const Running& running) const {
  if (engine_.snapshot(service).state != engine::State::starting) return false;
  return says_port_in_use(setup_.project.paths.logs + "/" + service + ".log", running.log_start);
}

/// Before a command is told that services are down: their trees are empty, so whoever listens on their ports escaped from us or is a
/// stranger, and the user should know. One look at the kernel's table for all of them.
void Supervisor::warn_of_listeners_left() {
  const auto ended = std::exchange(just_ended_, {});
  if (ended.empty()) return;
  const auto listeners = os::all_listeners();
  if (!listeners) return;
  for (const auto& [service, port] : ended) {
    const bool down = engine::is_down(engine_.snapshot(service).state);
    const bool listened = std::any_of(listeners->begin(), listeners->end(), [port = port](const auto& row) { return row.port == port; });
    if (!down || !listened) continue;
    const auto holders = ports::holders_of(port);
    const std::string who = holders.empty() ? "a process that just ended" : ports::describe(holders.front());
    tell("warning", service, "port " + std::to_string(port) + " is still listened on by " + who);
  }
}

void Supervisor::on_guardian_lost(const std::string& service) {
  log_.warning(service + ": its guardian was killed; ending what it guarded");
  readiness_.forget(service);
  running_.erase(service);
  lost_.insert(service);
  lost_deadline_ = Clock::now() + kOrphanBudget;
  end_orphans();
}

/// We are a subreaper: what a killed guardian guarded is our own descendant now. SIGKILL until none is left.
void Supervisor::end_orphans() {
  os::reap_children();
  std::vector<os::ProcessIdentity> guardians;
  for (const auto& [name, running] : running_) guardians.push_back(running.process->guardian());
  if (const auto child = leases_.child()) guardians.push_back(*child);
  const auto orphans = orphans_of_lost_guardians(guardians, spared_);
  os::kill_all(orphans);
  const bool give_up = Clock::now() > *lost_deadline_;
  empty_scans_ = orphans.empty() ? empty_scans_ + 1 : 0;
  constexpr int kProof = 2;  // a process that forks while we look can hide from one scan
  if (empty_scans_ >= kProof || give_up) {
    empty_scans_ = 0;
    for (const auto& service : std::exchange(lost_, {})) {
      const auto kind = orphans.empty() ? Kind::tree_empty : Kind::survivors;
      service_event(service, kind, orphans.empty() ? "its guardian was killed" : "processes of a killed guardian could not be ended");
    }
    return;
  }
  orphan_timer_.expires_after(kOrphanRound);
  orphan_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) end_orphans();
  });
}

void Supervisor::watch_signals() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    if (signal == SIGCHLD) {
      for (const auto pid : os::reap_children()) spared_.erase(pid);
    } else if (signal == SIGIO) {
      deletion_timer_.expires_after(kDeletionPause);
      deletion_timer_.async_wait([this](const boost::system::error_code& cancelled) {
        if (!cancelled && !ending_) on_file_deleted();
      });
    } else {
      log_.info("told to end: stopping everything");
      post(engine::StopRequest{kOwnStop, {}, true, {}});
    }
    watch_signals();
  });
}

/// `.ports.json` is written again when it is deleted while we run, and our socket is made again.
void Supervisor::watch_deletions() {
  watched_folders_.clear();
  for (const auto& folder : {setup_.project.root(), setup_.project.paths.data, os::parent_folder(setup_.socket_path)}) {
    auto watched = os::signal_deletions(folder);
    if (watched) {
      watched_folders_.push_back(std::move(*watched));
    } else {
      log_.warning(watched.error().message);
    }
  }
}

/// Makes again what somebody deleted while we run (`git clean -fdX`, an emptied state folder): without lock and state file nobody could find us.
void Supervisor::restore_own_files() {
  const auto& paths = setup_.project.paths;
  const bool lock_gone = !os::path_exists(paths.lock_file);
  const bool socket_gone = !os::path_exists(setup_.socket_path);
  if (!lock_gone && !socket_gone && os::path_exists(paths.state_file)) return;
  if (const auto made = os::create_data_directories(paths); !made) return log_.warning(made.error().message);
  if (lock_gone) {
    auto lock = os::FileLock::try_acquire(paths.lock_file);
    if (!lock) return log_.warning("the lock file was deleted: " + lock.error().message);
    setup_.lock.emplace(std::move(*lock));
    if (const auto written = setup_.lock->write_text(setup_.lock_text); !written) log_.warning(written.error().message);
  }
  if (socket_gone) {
    if (const auto made = os::make_directories(os::parent_folder(setup_.socket_path), 0700); !made) return log_.warning(made.error().message);
    auto socket = os::listen_unix(setup_.socket_path);
    if (!socket) return log_.warning(socket.error().message);
    server_.listen(socket->release());
  }
  log_.info("made the lock, socket or state file again, which had been deleted");
  state_.touch();
  watch_deletions();  // the watch of a folder that was deleted is dead
}

void Supervisor::on_file_deleted() {
  if (!os::is_directory(setup_.project.root())) {
    log_.info("the project folder is gone: stopping everything");
    return post(engine::StopRequest{kOwnStop, {}, true, {}});
  }
  restore_own_files();
  const auto& paths = setup_.project.paths;
  const bool files_gone = !os::path_exists(paths.ports_file) || !os::path_exists(paths.runtime_env_file);
  if (files_gone && current_ && !running_.empty()) carry_out(engine::WriteFiles{0});
}

void Supervisor::end_if_idle() {
  if (ending_ || running_events_ || !events_.empty() || !engine_.idle() || !running_.empty() || !lost_.empty()) return;
  if (server_.connections() > 0 || !had_client_ || !leases_ended()) return;
  ending_ = true;
  auto state = compose_state();
  state.clean = true;
  state.project.supervisor_running = false;
  state.project.supervisor_pid.reset();
  if (!state_.finish(state)) log_.warning("the last state could not be written: " + state_.problem());
  log_.info("nothing runs and nobody is connected: ending");
  loop_.stop();
}

}  // namespace devinit::supervisor
