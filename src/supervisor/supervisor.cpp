#include "supervisor/supervisor.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>

#include "base/suggest.hpp"
#include "os/children.hpp"
#include "os/deletion_signal.hpp"
#include "os/files.hpp"
#include "os/unix_socket.hpp"

namespace devinit::supervisor {
namespace {

using Clock = std::chrono::steady_clock;
using Kind = engine::ServiceMachine::EventKind;
namespace asio = boost::asio;

/// The command that started us connects at once; if it died meanwhile, nobody else will.
constexpr std::chrono::seconds kFirstClientPatience{5};
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

}  // namespace

Supervisor::Supervisor(asio::io_context& loop, Setup setup, Log& log)
    : loop_(loop),
      setup_(std::move(setup)),
      log_(log),
      engine_(static_cast<std::uint32_t>(std::hash<std::string>{}(setup_.guardian.cookie))),
      server_(loop, *this),
      runner_(loop, setup_.project, setup_.guardian, engine_, writer_, *this),
      state_(loop, setup_.project.paths.state_file, [this] { return compose_state(); }),
      leases_(loop, lease_observer()),
      timer_(loop),
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
  watches_.erase(stream_id);
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
  const auto context = load_start_context(project, request.registry, request.fingerprints);
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
  watches_.insert(stream.id());
}

/// Who only looks on does not keep us here.
void Supervisor::end_watches() {
  for (const auto id : std::exchange(watches_, {})) {
    const auto stream = streams_.find(id);
    if (stream == streams_.end()) continue;
    api::Done done;
    done.ok = true;
    done.project = project_snapshot();
    stream->second->send(done);
    stream->second->finish();
  }
}

void Supervisor::watch_signals() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    if (signal == SIGCHLD) {
      for (const auto pid : os::reap_children()) runner_.reaped(pid);
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
  if (files_gone && runner_.current() && !runner_.idle()) carry_out(engine::WriteFiles{0});
}

void Supervisor::end_if_idle() {
  if (ending_ || running_events_ || !events_.empty() || !engine_.idle() || !runner_.idle()) return;
  if (server_.connections() == watches_.size()) end_watches();
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
