// How a service comes up (hooks, command, probes) and goes down (hooks, drain, stop command, signal).
#include <algorithm>
#include <array>
#include <ctime>

#include "os/files.hpp"
#include "os/shared_input.hpp"
#include "supervisor/service_runner.hpp"

namespace devinit::supervisor {
namespace {

using Kind = engine::ServiceMachine::EventKind;

std::string date_of(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M", std::localtime(&time))};
}

bool has_notify(const config::ServiceConfig& service) {
  return service.ready.kind == config::ProbeKind::notify || (service.live && service.live->probe.kind == config::ProbeKind::notify);
}

/// "python (4711)" of each process that a guardian guards and that still exists.
std::vector<std::string> processes_below(pid_t guardian) {
  std::vector<std::string> names;
  for (const auto pid : os::process_tree(guardian)) {
    const auto info = pid == guardian ? std::nullopt : os::process_info(pid);
    if (!info || info->stat.state == 'Z') continue;
    names.push_back((info->command.empty() ? info->stat.name : info->command.front()) + " (" + std::to_string(pid) + ")");
  }
  return names;
}

std::string list_of(const std::vector<std::string>& names) {
  constexpr std::size_t kMostNamed = 5;
  std::string list;
  for (std::size_t i = 0; i < std::min(names.size(), kMostNamed); ++i) list += (i == 0 ? "" : ", ") + names[i];
  return names.size() > kMostNamed ? list + ", …" : list;
}

}  // namespace

/// Calls `make` with all that a command of the service is made of, or returns why that cannot be had.
template <class Make>
auto ServiceRunner::with_launch(const std::string& service, Make make) -> decltype(make(std::declval<const LaunchContext&>())) {
  const auto context = context_of(service);
  const auto* config = engine_.config_of(service);
  if (config == nullptr || !context) return Error(Errc::failed, "its configuration is gone");
  const auto lookup = port_lookup(*context);
  if (!runtime_variables_ || runtime_context_ != context) {
    TRY_ASSIGN(runtime_variables_, runtime_variables(*context, lookup));
    runtime_context_ = context;
  }
  return make(LaunchContext{*context, *config, lookup, *runtime_variables_, guardian_});
}

Result<os::SpawnRequest> ServiceRunner::command_of(const std::string& service, const config::Command& command, CommandOutput output) {
  return with_launch(service, [&](const LaunchContext& launch) { return command_request(launch, command, output); });
}

/// One that fails is always told; what follows from it is for `done` to say.
void ServiceRunner::run_hook(const std::string& service, HookKind kind, const config::Command& command, std::optional<Millis> limit,
                             Hooks::Done done) {
  companions_.hooks.run(service, kind, command_of(service, command, CommandOutput::log), limit,
                        [this, service, kind, done = std::move(done)](const GuardedCommand::Ended& ended) {
                          const auto its = std::string("its ") + describe(kind);
                          if (ended.killed) {
                            host_.tell("info", service, its + " had not ended: ended it");
                          } else if (!ended.success()) {
                            host_.tell("warning", service, its + " " + ended.text);
                          }
                          done(ended);
                          host_.on_ended();
                        });
}

/// True when a task of `run: once` has nothing to do; the engine has been told then.
bool ServiceRunner::is_done_already(const std::string& service) {
  const auto* config = engine_.config_of(service);
  const auto context = context_of(service);
  if (config->run != config::TaskRun::once || !context) return false;
  const auto fingerprint = context->fingerprints.find(service);
  if (fingerprint == context->fingerprints.end()) return false;
  const auto when = companions_.tasks.done(service, fingerprint->second);
  if (when) service_event(service, Kind::nothing_to_do, "done on " + date_of(*when) + ", and nothing has changed since");
  return when.has_value();
}

void ServiceRunner::spawn(const std::string& service) {
  const auto* config = engine_.config_of(service);
  memory_[service].exit_code.reset();
  if (config->kind == config::ServiceKind::external) return watch_readiness(service);
  if (is_done_already(service)) return;
  if (config->watch) {
    companions_.watcher.watch(service, *config->watch);
    brake_.acted(service, std::chrono::steady_clock::now());
  }
  if (config->hooks.before_start.empty()) return launch(service);
  // The deadline of the start ends it, too; a task has none.
  run_hook(service, HookKind::before_start, config->hooks.before_start, {}, [this, service](const GuardedCommand::Ended& ended) {
    if (state_of(service) == engine::State::stopping) return service_event(service, Kind::tree_empty, "it was not running yet");
    if (ended.success()) return launch(service);
    service_event(service, Kind::not_ready, "its before_start hook " + ended.text, engine::FailureCode::hook_failed);
  });
}

Result<> ServiceRunner::open_notify_socket(const std::string& service) {
  const auto is_ours = [this, service](pid_t sender) {
    const auto running = running_.find(service);
    if (running == running_.end()) return false;
    const auto tree = os::process_tree(running->second.process->guardian().pid);
    return std::find(tree.begin(), tree.end(), sender) != tree.end();
  };
  TRY_ASSIGN(companions_.notify[service],
             NotifySocket::open(loop_, is_ours, [this, service](const Notification& message) { on_notification(service, message); }));
  return {};
}

/// `input` keeps what the request refers to.
Result<os::SpawnRequest> ServiceRunner::launch_request(const std::string& service, os::UniqueFd& input) {
  const auto& config = *engine_.config_of(service);
  TRY_ASSIGN(auto request, with_launch(service, [&](const LaunchContext& given) {
    LaunchContext launch = given;
    if (const auto socket = companions_.notify.find(service); socket != companions_.notify.end()) {
      launch.extra.emplace_back("NOTIFY_SOCKET", socket->second->address());
      const bool watchdog = config.live && config.live->probe.kind == config::ProbeKind::notify;
      if (watchdog) launch.extra.emplace_back("WATCHDOG_USEC", std::to_string(config.live->probe.period.count() * 1000));
    }
    return service_request(launch);
  }));
  if (config.input_of > 0) {
    TRY_ASSIGN(input, os::open_input_of(config.input_of));
    request.fds.emplace_back(input.get(), 0);
  }
  if (config.socket == config::SocketPassing::inherit) {
    TRY_ASSIGN(const int socket, ports_.listening_socket(service, config.port ? config.port->host : std::string()));
    request.fds.emplace_back(socket, guardian::kSocketFd);
  }
  return request;
}

void ServiceRunner::launch(const std::string& service) {
  if (has_notify(*engine_.config_of(service))) {
    if (const auto opened = open_notify_socket(service); !opened) return service_event(service, Kind::spawn_failed, opened.error().message);
  }
  os::UniqueFd input;
  auto request = launch_request(service, input);
  if (!request) return service_event(service, Kind::spawn_failed, request.error().message);
  launch_process(service, std::move(*request));
}

void ServiceRunner::launch_process(const std::string& service, os::SpawnRequest request) {
  const auto* config = engine_.config_of(service);
  const auto context = context_of(service);
  Running running;
  running.fenced = !writer_.no_fence(*context, config::ports_key(service, ""));
  running.log_start = os::file_size(log_file(*context, service)).value_or(0);
  if (const int group = companions_.limits.prepare(service, config->limits); group >= 0) request.fds.emplace_back(group, guardian::kCgroupFd);
  ports_.open(service, running.fenced);
  auto process = ServiceProcess::launch(loop_, std::move(request),
                                        [this, service](const std::optional<guardian::Report>& report) { on_report(service, report); });
  if (!process) {
    (void)ports_.close(service);
    (void)companions_.limits.forget(service);
    return service_event(service, Kind::spawn_failed, process.error().message);
  }
  const pid_t guardian = (*process)->guardian().pid;
  running.process = std::move(*process);
  running_.insert_or_assign(service, std::move(running));
  companions_.limits.watch(service, guardian);
  if (!config->runs_to_end()) watch_readiness(service);
}

void ServiceRunner::watch_readiness(const std::string& service) {
  const auto running = running_.find(service);
  auto target = probe_target(service, engine_.config_of(service)->ready, running == running_.end() ? 0 : running->second.process->guardian().pid);
  if (!target) return service_event(service, Kind::rejected, target.error().message);
  readiness_.watch(std::move(*target));
}

Result<ProbeTarget> ServiceRunner::probe_target(const std::string& service, const config::ProbeSpec& spec, pid_t guardian) {
  const auto* config = engine_.config_of(service);
  ProbeTarget target;
  target.service = service;
  const auto external = config->kind == config::ServiceKind::external && config->port ? config->port->prefer : std::nullopt;
  const auto port = external ? external : engine_.port_of(service, "");
  target.port = port.value_or(0);
  for (const auto& [name, named_spec] : config->ports) {
    if (const auto named = engine_.port_of(service, name)) target.named_ports.push_back(*named);
  }
  if (config->port) target.host = config->port->host;
  target.guardian = guardian;
  target.socket_is_ours = config->socket == config::SocketPassing::inherit;
  TRY_ASSIGN(target.spec, with_launch(service, [&](const LaunchContext& launch) { return filled_probe(launch, spec); }));
  const bool asks_port = target.spec.kind == config::ProbeKind::port || target.spec.kind == config::ProbeKind::http;
  if (asks_port && !port) target.spec.kind = config::ProbeKind::none;
  if (target.spec.kind == config::ProbeKind::exec) {
    target.exec = [this, service, command = spec.exec] { return command_of(service, command, CommandOutput::excerpt); };
    if (const auto context = context_of(service)) target.exec_output = excerpt_file(*context, service);
    target.left_behind = [this] {
      lost_.add({}, [this](bool) { host_.on_ended(); });
    };
  }
  target.log_file = project_.paths.logs + "/" + service + ".log";
  const auto running = running_.find(service);
  if (running != running_.end()) target.log_start = running->second.log_start;
  return target;
}

/// What is run by others is asked again and again in any case: nobody would tell us that it has gone.
void ServiceRunner::watch_liveness(const std::string& service) {
  const auto* config = engine_.config_of(service);
  const bool external = config->kind == config::ServiceKind::external;
  if (!config->live && !external) return;
  auto spec = config->live ? config->live->probe : config->ready;
  if (spec.kind == config::ProbeKind::notify && !external && !companions_.notify.contains(service)) {
    return host_.tell("info", service, "it is asked for WATCHDOG=1 from its next start on: this run has no NOTIFY_SOCKET");
  }
  if (!config->live) {
    constexpr Millis kExternalPeriod{1000};
    spec.period = std::max(spec.period, kExternalPeriod);
  }
  const auto running = running_.find(service);
  auto target = probe_target(service, spec, running == running_.end() ? 0 : running->second.process->guardian().pid);
  if (!target) return host_.tell("warning", service, "its liveness cannot be watched: " + target.error().message);
  companions_.liveness.watch(std::move(*target));
}

void ServiceRunner::stop(const std::string& service) {
  const auto hook = companions_.hooks.oldest(service);
  const bool prepares = hook && hook->kind == HookKind::before_start;
  memory_[service].obstacle = prepares ? std::string("its ") + describe(hook->kind) + " had not ended" : readiness_.reason(service);
  memory_[service].stop_by = std::chrono::steady_clock::now() + engine_.config_of(service)->stop.grace;
  readiness_.forget(service);
  companions_.liveness.forget(service);
  companions_.hooks.kill(service, HookKind::before_start);
  companions_.hooks.kill(service, HookKind::after_ready);
  if (!running_.contains(service)) {
    if (companions_.hooks.runs(service)) return;  // the end of that says the rest
    if (!lost_.contains(service)) service_event(service, Kind::tree_empty, "it was not running");
    return;
  }
  const auto* config = engine_.config_of(service);
  if (config->hooks.before_stop.empty()) return let_drain(service);
  run_hook(service, HookKind::before_stop, config->hooks.before_stop, grace_left(service),
           [this, service](const GuardedCommand::Ended&) { let_drain(service); });
}

/// A run that leaves its inherited socket to another one reads first what it has accepted.
void ServiceRunner::let_drain(const std::string& service) {
  const auto held = engine_.restarting(service) ? ports_.inherited(service) : std::nullopt;
  if (!held || !running_.contains(service)) return signal_tree(service);
  const auto begun = std::chrono::steady_clock::now();
  companions_.drain.begin(
      service, *held, [this, service] { return ports_.relieve(service).has_value(); },
      [this, service, begun] {
        memory_[service].stop_by += std::chrono::steady_clock::now() - begun;  // not told to end yet: its grace is untouched
        signal_tree(service);
      });
}

/// Of what the whole stop may take, from its begin on.
Millis ServiceRunner::grace_left(const std::string& service) const {
  const auto left = memory_.at(service).stop_by - std::chrono::steady_clock::now();
  return std::max(std::chrono::duration_cast<Millis>(left), Millis(0));
}

/// The stop command, then, for what it leaves, the signal.
void ServiceRunner::signal_tree(const std::string& service) {
  const auto signal = [this, service] {
    const auto running = running_.find(service);
    if (running == running_.end()) return;
    auto how = engine_.config_of(service)->stop;
    how.grace = grace_left(service);
    running->second.process->stop(how);
  };
  const auto* config = engine_.config_of(service);
  if (!running_.contains(service) || !config->stop.command) return signal();
  run_hook(service, HookKind::stop_command, *config->stop.command, grace_left(service),
           [signal](const GuardedCommand::Ended&) { signal(); });
}

/// Who keeps a stop waiting.
std::string ServiceRunner::blockers_of(const std::string& service) const {
  const auto hook = companions_.hooks.oldest(service);
  const auto running = running_.find(service);
  std::vector<std::string> names;
  if (hook && hook->guardian) names = processes_below(hook->guardian->pid);
  if (!hook && running != running_.end()) names = processes_below(running->second.process->guardian().pid);
  if (hook) return std::string("waiting for its ") + describe(hook->kind) + (names.empty() ? "" : ": " + list_of(names));
  if (names.empty()) return lost_.contains(service) ? "waiting for what its killed guardian has left" : "waiting for it";
  return "waiting for " + std::to_string(names.size()) + (names.size() == 1 ? " process: " : " processes: ") + list_of(names);
}

}  // namespace devinit::supervisor
