#include "supervisor/child_launch.hpp"

#include <algorithm>
#include <array>

#include "config/embedded.hpp"
#include "os/files.hpp"

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

Result<std::vector<std::string>> command_line(const config::ServiceConfig& service, const config::PortLookup& lookup) {
  std::vector<std::string> argv;
  if (const auto* shell = std::get_if<std::string>(&service.command)) {
    TRY_ASSIGN(const auto text, config::expand(*shell, service.name, lookup, host_of(service)));
    return std::vector<std::string>{"/bin/sh", "-c", with_exec(text)};
  }
  for (const auto& argument : std::get<std::vector<std::string>>(service.command)) {
    TRY_ASSIGN(auto text, config::expand(argument, service.name, lookup, host_of(service)));
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

Result<RuntimeVariables> runtime_variables(const StartContext& context, const config::PortLookup& lookup) {
  if (!context.project.run.empty()) return RuntimeVariables{};  // a run called `redis` must not hide the user's REDIS_URL
  return config::runtime_variables(context.config, context.passive, lookup);
}

Result<os::Environment> child_environment(const StartContext& context, const config::ServiceConfig& service,
                                          const config::PortLookup& lookup, const RuntimeVariables& variables,
                                          const std::string& cookie) {
  os::Environment environment;
  TRY(add_env_files(context, service, environment));
  for (const auto& [name, value] : context.project.environment) environment[name] = value;
  environment.erase("PORT");  // the caller's own, and no port of this service
  for (const auto& [name, value] : service.env) {
    TRY_ASSIGN(environment[name], config::expand(value, service.name, lookup, host_of(service)));
  }
  for (const auto& [name, value] : variables) environment[name] = value;
  if (const auto port = lookup(service.name, "")) environment["PORT"] = std::to_string(*port);
  environment["DEVINIT_ROOT"] = context.project.root();
  environment["DEVINIT_PROJECT"] = context.config.name;
  environment["DEVINIT_SERVICE"] = service.name;
  environment["DEVINIT_COOKIE"] = cookie;
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

Result<os::SpawnRequest> service_request(const LaunchContext& launch) {
  const auto& [context, service, lookup, variables, setup, extra] = launch;
  os::SpawnRequest request;
  request.executable = setup.image;
  request.new_session = true;
  request.cwd = service.cwd.empty() ? context.project.root() : context.project.root() + "/" + service.cwd;
  if (!os::is_directory(request.cwd)) {
    const bool exists = os::path_exists(request.cwd);
    return Error(Errc::not_found, "its working folder " + request.cwd + (exists ? " is not a folder" : " does not exist"));
  }
  TRY_ASSIGN(request.environment, child_environment(context, service, lookup, variables, setup.cookie));
  for (const auto& [name, value] : extra) request.environment[name] = value;
  TRY_ASSIGN(const auto command, command_line(service, lookup));
  TRY_ASSIGN(const auto program, program_of(command, request));
  const auto grace = std::to_string(service.stop.grace.count());
  request.argv = {"svguard", log_file(context, service.name), std::to_string(service.log.max_size), std::to_string(service.log.keep),
                  std::to_string(service.stop.signal), std::to_string(static_cast<unsigned>(guardian_target(service.stop.to))), grace, shared_daemons(), program};
  request.argv.insert(request.argv.end(), command.begin(), command.end());
  return request;
}

}  // namespace devinit::supervisor
