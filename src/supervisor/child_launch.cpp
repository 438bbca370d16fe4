#include "supervisor/child_launch.hpp"

#include <algorithm>
#include <array>
#include <csignal>

#include "config/embedded.hpp"
#include "os/files.hpp"
#include "supervisor/log_excerpt.hpp"
#include "supervisor/project_writer.hpp"

namespace devinit::supervisor {
namespace {

Result<> add_env_files(const StartContext& context, const config::ServiceConfig& service, os::Environment& environment) {
  for (const auto& name : service.env_files) {
    const auto text = os::read_text_file(context.project.root() + "/" + name);
    if (!text) {
      if (text.error().problem == os::FileProblem::missing) continue;  // an uncommitted .env is optional
      return Error(Errc::config, "env file " + name + " of " + service.name + ": " + text.error().detail);
    }
    TRY_ASSIGN(const auto variables, config::parse_env_file(*text, name));
    for (const auto& [key, value] : variables) environment[key] = value;
  }
  return {};
}

}  // namespace

Result<> check_env_files(const StartContext& context) {
  os::Environment ignored;
  for (const auto& service : context.config.services) {
    if (!service.disabled) TRY(add_env_files(context, service, ignored));
  }
  return {};
}

namespace {

std::string_view host_of(const config::ServiceConfig& service) {
  return service.port ? std::string_view(service.port->host) : std::string_view();
}

/// A single plain command needs no shell beside it for the rest of its life: `exec` makes the service itself the first process, with
/// its own pid, signals and exit code. Anything a shell has to do (operators, variables, built-ins, assignments) is left alone.
std::string with_exec(const std::string& command) {
  if (command.find_first_of(";&|<>()$`\\\"'\n*?[#~=%{}!") != std::string::npos) return command;
  const auto first = command.find_first_not_of(" \t");
  if (first == std::string::npos) return command;
  const auto word = command.substr(first, command.find_first_of(" \t", first) - first);
  constexpr std::array<std::string_view, 23> kBuiltIns{".",    ":",     "[",    "alias",  "cd",    "command", "eval", "exec",
                                                       "exit", "export", "if",  "for",    "case",  "read",    "set",  "shift",
                                                       "source", "time", "trap", "ulimit", "umask", "until",  "while"};
  if (std::find(kBuiltIns.begin(), kBuiltIns.end(), word) != kBuiltIns.end()) return command;
  return "exec " + command;
}

std::string service_folder(const LaunchContext& launch) {
  const auto& root = launch.context.project.root();
  return launch.service.cwd.empty() ? root : root + "/" + launch.service.cwd;
}

Result<std::string> filled(const LaunchContext& launch, std::string_view text) {
  return config::expand(text, launch.service.name, launch.lookup, host_of(launch.service));
}

Result<std::vector<std::string>> command_line(const LaunchContext& launch, const config::Command& command) {
  std::vector<std::string> argv;
  if (const auto* shell = std::get_if<std::string>(&command)) {
    TRY_ASSIGN(const auto text, filled(launch, *shell));
    return std::vector<std::string>{"/bin/sh", "-c", with_exec(text)};
  }
  for (const auto& argument : std::get<std::vector<std::string>>(command)) {
    TRY_ASSIGN(auto text, filled(launch, argument));
    argv.push_back(std::move(text));
  }
  return argv;
}

/// The file to execute. A name with '/' goes to the kernel as it is: its errno tells more than we could.
Result<std::string> program_of(const std::vector<std::string>& command, const os::SpawnRequest& request) {
  if (command.front().find('/') != std::string::npos) return command.front();
  auto path = os::find_executable(command.front(), request.environment, request.cwd);
  if (path.empty()) return Error(Errc::not_found, "cannot run `" + command.front() + "`: there is no such command in PATH");
  return path;
}

}  // namespace

guardian::Target guardian_target(config::StopTarget target) noexcept {
  switch (target) {
    case config::StopTarget::leader: return guardian::Target::leader;
    case config::StopTarget::group: return guardian::Target::group;
    case config::StopTarget::tree: return guardian::Target::tree;
  }
  return guardian::Target::group;
}

const std::string& shared_daemons() {
  // One name a line in the data file; a comma-separated list is what the guardian takes.
  static const std::string names = [] {
    std::string list;
    bool comment = false;
    for (const char c : config::shared_daemons_txt()) {
      if (c == '#') comment = true;
      if (c == '\n') {
        comment = false;
        if (!list.empty() && list.back() != ',') list += ',';
      } else if (!comment && c != ' ') {
        list += c;
      }
    }
    if (list.ends_with(',')) list.pop_back();
    return list;
  }();
  return names;
}

std::string log_file(const StartContext& context, const std::string& service) {
  return context.project.paths.logs + "/" + service + ".log";
}

std::string excerpt_file(const StartContext& context, const std::string& service) {
  return context.project.paths.logs + "/" + service + ".probe";
}

Result<RuntimeVariables> runtime_variables(const StartContext& context, const config::PortLookup& lookup) {
  if (!context.project.run.empty()) return RuntimeVariables{};  // a run called `redis` must not hide the user's REDIS_URL
  auto passive = context.passive;
  std::erase_if(passive, [&](const auto& entry) { return is_left_over(context, entry.first, entry.second); });
  return config::runtime_variables(context.config, passive, lookup);
}

Result<os::Environment> child_environment(const StartContext& context, const config::ServiceConfig& service,
                                          const config::PortLookup& lookup, const RuntimeVariables& variables,
                                          const std::string& cookie) {
  os::Environment environment;
  TRY(add_env_files(context, service, environment));
  for (const auto& [name, value] : context.project.environment) environment[name] = value;
  // The caller's own: no port of this service, no socket for it, and nobody waits to hear from it.
  for (const char* name : {"PORT", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) {
    environment.erase(name);
  }
  for (const auto& [name, value] : service.env) {
    TRY_ASSIGN(environment[name], config::expand(value, service.name, lookup, host_of(service)));
  }
  for (const auto& [name, value] : variables) environment[name] = value;
  if (const auto port = lookup(service.name, "")) environment["PORT"] = std::to_string(*port);
  environment["DEVINIT_ROOT"] = context.project.root();
  environment["DEVINIT_PROJECT"] = context.config.name;
  environment["DEVINIT_SERVICE"] = service.name;
  if (!service.replica_of.empty()) environment["DEVINIT_INDEX"] = std::to_string(service.index);
  environment["DEVINIT_COOKIE"] = cookie;
  environment.emplace("PYTHONUNBUFFERED", "1");
  return environment;
}

std::vector<std::string> overridden_variables(const StartContext& context, const config::PortLookup& lookup) {
  std::vector<std::string> names;
  if (!context.project.run.empty()) return names;  // its variables are how it is configured
  const auto variables = runtime_variables(context, lookup);
  if (!variables) return names;
  for (const auto& [name, value] : *variables) {
    const auto given = context.project.environment.find(name);
    if (given != context.project.environment.end() && given->second != value) names.push_back(name);
  }
  if (!context.choices.empty() && context.project.environment.contains("PORT")) names.push_back("PORT");
  return names;
}

namespace {

/// What the guardian is told beside the command.
struct Orders {
  std::string log_file;  ///< empty: the output is discarded
  config::LogSpec log;
  int stop_signal;
  guardian::Target stop_target;
  Millis grace;
  std::string limits;
};

void add_limit(std::string& list, const char* name, std::int64_t value) {
  if (!list.empty()) list += ',';
  list += std::string(name) + '=' + std::to_string(value);
}

/// What makes the files and the priority of a command; in the guardian's words (guardian/limits.hpp).
std::string manners_of(const config::LimitsSpec& limits) {
  std::string list;
  if (limits.umask) add_limit(list, "umask", *limits.umask);
  if (limits.nice) add_limit(list, "nice", *limits.nice);
  return list;
}

std::string limits_of(const config::LimitsSpec& limits) {
  std::string list = manners_of(limits);
  const std::array<std::pair<const char*, const std::optional<std::uint64_t>*>, 6> resources{{{"nofile", &limits.nofile},
                                                                                              {"nproc", &limits.nproc},
                                                                                              {"core", &limits.core},
                                                                                              {"fsize", &limits.fsize},
                                                                                              {"stack", &limits.stack},
                                                                                              {"as", &limits.as}}};
  for (const auto& [name, value] : resources) {
    if (*value) add_limit(list, name, static_cast<std::int64_t>(**value));
  }
  return list;
}

Result<os::SpawnRequest> guarded_request(const LaunchContext& launch, const config::Command& wanted, const Orders& orders) {
  const auto& [context, service, lookup, variables, setup, extra] = launch;
  os::SpawnRequest request;
  request.executable = setup.image;
  request.new_session = true;
  request.cwd = service_folder(launch);
  if (!os::is_directory(request.cwd)) {
    const bool exists = os::path_exists(request.cwd);
    return Error(Errc::not_found, "its working folder " + request.cwd + (exists ? " is not a folder" : " does not exist"));
  }
  TRY_ASSIGN(request.environment, child_environment(context, service, lookup, variables, setup.cookie));
  for (const auto& [name, value] : extra) request.environment[name] = value;
  TRY_ASSIGN(const auto command, command_line(launch, wanted));
  TRY_ASSIGN(const auto program, program_of(command, request));
  request.argv = {"svguard",
                  orders.log_file,
                  std::to_string(orders.log.max_size),
                  std::to_string(orders.log.keep),
                  std::to_string(orders.stop_signal),
                  std::to_string(static_cast<unsigned>(orders.stop_target)),
                  std::to_string(orders.grace.count()),
                  shared_daemons(),
                  orders.limits,
                  program};
  request.argv.insert(request.argv.end(), command.begin(), command.end());
  return request;
}

const char* name_of(guardian::SetupStep step) {
  using guardian::SetupStep;
  switch (step) {
    case SetupStep::nofile: return "nofile";
    case SetupStep::nproc: return "nproc";
    case SetupStep::core: return "core";
    case SetupStep::fsize: return "fsize";
    case SetupStep::stack: return "stack";
    case SetupStep::as: return "as";
    case SetupStep::nice: return "nice";
    case SetupStep::exec:
    case SetupStep::process:
    case SetupStep::socket: return "";
  }
  return "";
}

}  // namespace

Result<os::SpawnRequest> service_request(const LaunchContext& launch) {
  const auto& service = launch.service;
  const auto& stop = service.stop;
  TRY_ASSIGN(auto request, guarded_request(launch, service.command,
                                           {log_file(launch.context, service.name), service.log, stop.signal, guardian_target(stop.to), stop.grace,
                                            limits_of(service.limits)}));
  if (service.socket == config::SocketPassing::inherit) {
    request.environment["LISTEN_FDS"] = "1";
    request.environment["LISTEN_FDNAMES"] = service.name;
    request.environment["LISTEN_PID"] = "0";  // the guardian knows it
  }
  return request;
}

Result<os::SpawnRequest> command_request(const LaunchContext& launch, const config::Command& command, CommandOutput output) {
  constexpr config::LogSpec kExcerpt{4096, 1};
  const auto& [context, service, lookup, variables, setup, extra] = launch;
  std::string file;
  if (output == CommandOutput::log) file = log_file(context, service.name);
  if (output == CommandOutput::excerpt) file = excerpt_file(context, service.name);
  const auto& size = output == CommandOutput::excerpt ? kExcerpt : service.log;
  return guarded_request(launch, command, {file, size, SIGKILL, guardian::Target::tree, Millis{0}, manners_of(service.limits)});
}

std::string start_failure(const config::Command& command, const guardian::Report& report) {
  using guardian::SetupStep;
  const auto step = static_cast<SetupStep>(report.extra);
  if (step == SetupStep::exec) return exec_failure(command, report.value);
  if (step == SetupStep::process) return errno_error("cannot start a process", report.value).message;
  if (step == SetupStep::socket) return errno_error("cannot hand over its listening socket", report.value).message;
  return errno_error(std::string("cannot set ") + name_of(step) + " to " + std::to_string(report.asked), report.value).message;
}

Result<config::ProbeSpec> filled_probe(const LaunchContext& launch, const config::ProbeSpec& spec) {
  auto probe = spec;
  TRY_ASSIGN(probe.http_path, filled(launch, spec.http_path));
  for (auto& [name, value] : probe.http_headers) {
    TRY_ASSIGN(value, filled(launch, value));
  }
  TRY_ASSIGN(probe.log, filled(launch, spec.log));
  TRY_ASSIGN(probe.file, filled(launch, spec.file));
  if (!probe.file.empty() && !probe.file.starts_with('/')) probe.file = service_folder(launch) + "/" + probe.file;
  return probe;
}

}  // namespace devinit::supervisor
