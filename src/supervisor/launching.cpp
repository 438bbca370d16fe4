// How a service comes up (hooks, command, probes) and goes down (hooks, stop command, signal).
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

/// A hook that fails is always told; what follows from it is for `done` to say.
void ServiceRunner::run_hook(const std::string& service, const char* which, const std::string& command, Millis limit, Hooks::Done done) {
  companions_.hooks.run(service, command_of(service, command, CommandOutput::log), limit,
                        [this, service, which, done = std::move(done)](const GuardedCommand::Ended& ended) {
                          if (!ended.success()) host_.tell("warning", service, std::string("its ") + which + " hook " + ended.text);
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
  if (config->kind == config::ServiceKind::external) {
    auto target = probe_target(service, config->ready, 0);
    if (!target) return service_event(service, Kind::spawn_failed, target.error().message);
    return readiness_.watch(std::move(*target));
  }
  if (is_done_already(service)) return;
  if (config->watch) companions_.watcher.watch(service, *config->watch);
  if (config->hooks.before_start.empty()) return launch(service);
  run_hook(service, "before_start", config->hooks.before_start, kHookLimit, [this, service](const GuardedCommand::Ended& ended) {
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
  if (config->runs_to_end()) return;
  auto target = probe_target(service, config->ready, guardian);
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
  for (const auto& known : engine_.ports()) {
    if (known.service == service && !known.port_name.empty()) target.named_ports.push_back(known.port);
  }
  if (config->port) target.host = config->port->host;
  target.guardian = guardian;
  target.socket_is_ours = config->socket == config::SocketPassing::inherit;
  TRY_ASSIGN(target.spec, with_launch(service, [&](const LaunchContext& launch) { return filled_probe(launch, spec); }));
  const bool asks_port = target.spec.kind == config::ProbeKind::port || target.spec.kind == config::ProbeKind::http;
  if (asks_port && !port) target.spec.kind = config::ProbeKind::none;
  if (target.spec.kind == config::ProbeKind::exec) {
    target.exec = [this, service, command = spec.exec] { return command_of(service, command, CommandOutput::discard); };
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
  readiness_.forget(service);
  companions_.liveness.forget(service);
  if (!running_.contains(service)) {
    if (companions_.hooks.kill(service)) return;  // its before_start hook: the end of that says the rest
    if (!lost_.contains(service)) service_event(service, Kind::tree_empty, "it was not running");
    return;
  }
  const auto* config = engine_.config_of(service);
  if (config->hooks.before_stop.empty()) return signal_tree(service);
  run_hook(service, "before_stop", config->hooks.before_stop, config->stop.grace,
           [this, service](const GuardedCommand::Ended&) { signal_tree(service); });
}

/// The stop command, then, for what it leaves, the signal.
void ServiceRunner::signal_tree(const std::string& service) {
  const auto signal = [this, service] {
    const auto running = running_.find(service);
    if (running != running_.end()) running->second.process->stop(engine_.config_of(service)->stop);
  };
  const auto* config = engine_.config_of(service);
  if (!running_.contains(service) || !config->stop.command) return signal();
  companions_.hooks.run(service, command_of(service, *config->stop.command, CommandOutput::log), config->stop.grace,
                        [this, service, signal](const GuardedCommand::Ended& ended) {
                          if (!ended.success()) host_.tell("warning", service, "its stop command " + ended.text);
                          signal();
                          host_.on_ended();
                        });
}

/// "3 processes: python (4711), sh (4712), …": who keeps a stop waiting.
std::string ServiceRunner::blockers_of(const std::string& service) const {
  const auto running = running_.find(service);
  if (running == running_.end()) return "waiting for it";
  auto tree = os::process_tree(running->second.process->guardian().pid);
  if (!tree.empty()) tree.erase(tree.begin());  // the guardian itself
  constexpr std::size_t kMostNamed = 5;
  std::string names;
  for (std::size_t i = 0; i < tree.size() && i < kMostNamed; ++i) {
    const auto info = os::process_info(tree[i]);
    if (!info) continue;
    const auto& name = info->command.empty() ? info->stat.name : info->command.front();
    names += (names.empty() ? "" : ", ") + name + " (" + std::to_string(tree[i]) + ")";
  }
  if (tree.size() > kMostNamed) names += ", …";
  return "waiting for " + service + ": " + std::to_string(tree.size()) + (tree.size() == 1 ? " process" : " processes") + ": " + names;
}

}  // namespace devinit::supervisor
