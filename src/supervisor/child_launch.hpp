#pragma once

#include <string>

#include "base/result.hpp"
#include "config/templates.hpp"
#include "guardian/protocol.hpp"
#include "os/spawn.hpp"
#include "supervisor/start_context.hpp"

namespace devinit::supervisor {

/// Descriptors and names that every guardian of this supervisor shares.
struct GuardianSetup {
  int image = -1;        ///< the guardian program, open
  std::string cookie;    ///< DEVINIT_COOKIE of this run: how a later sweep finds what escaped
};

/// The variables that devinit itself sets: the contents of `.env.runtime`.
using RuntimeVariables = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] Result<RuntimeVariables> runtime_variables(const StartContext& context, const config::PortLookup& lookup);

/// Whether every env file can be read and parsed; a missing one is fine. Errc::config, with all mistakes of the first bad file.
[[nodiscard]] Result<> check_env_files(const StartContext& context);

/// The environment of one service. devinit's own variables > the service's `env` > the caller's > `env_files`. What a service manager told the
/// caller (NOTIFY_SOCKET, LISTEN_FDS …) is not for it. PYTHONUNBUFFERED=1 unless anybody sets it: its log is a pipe.
[[nodiscard]] Result<os::Environment> child_environment(const StartContext& context, const config::ServiceConfig& service,
                                                        const config::PortLookup& lookup, const RuntimeVariables& variables,
                                                        const std::string& cookie);

/// Names of variables that the caller set to something else than devinit does: ignored, and said once.
[[nodiscard]] std::vector<std::string> overridden_variables(const StartContext& context, const config::PortLookup& lookup);

/// Everything that a command of a service is made of, beside the command itself. References to what outlives the call.
struct LaunchContext {
  const StartContext& context;
  const config::ServiceConfig& service;
  const config::PortLookup& lookup;
  const RuntimeVariables& variables;
  const GuardianSetup& setup;
  std::vector<std::pair<std::string, std::string>> extra = {};  ///< NOTIFY_SOCKET, WATCHDOG_USEC …: above all others
};

/// How to start the guardian of the service with its own command: argv, environment, folder, limits; `fds` is left to the caller. Templates are
/// filled. A service that inherits its socket gets LISTEN_FDS, LISTEN_FDNAMES and LISTEN_PID; the caller adds {socket, guardian::kSocketFd}.
/// Errc::config for a template without value, Errc::not_found when the working folder or the command does not exist.
[[nodiscard]] Result<os::SpawnRequest> service_request(const LaunchContext& launch);

/// The same for another command of the service: a hook, a probe, a stop command. It gets a plain SIGKILL for an end. Of the limits, umask and nice
/// are its, too: the others say what the service takes.
/// `excerpt`: the end of it, in excerpt_file, for who removes that.
enum class CommandOutput { log, discard, excerpt };
[[nodiscard]] Result<os::SpawnRequest> command_request(const LaunchContext& launch, const config::Command& command, CommandOutput output);

/// Why a command did not come to run, by a report of ReportKind::exec_failed: "cannot run `x`: …", "cannot set nofile to 4096: Operation not
/// permitted".
[[nodiscard]] std::string start_failure(const config::Command& command, const guardian::Report& report);

/// A probe with the templates of its texts filled, and its file made absolute.
[[nodiscard]] Result<config::ProbeSpec> filled_probe(const LaunchContext& launch, const config::ProbeSpec& spec);

/// The configuration's word for whom a stop signal reaches, in the guardian's.
[[nodiscard]] guardian::Target guardian_target(config::StopTarget target) noexcept;

/// The service's log file.
[[nodiscard]] std::string log_file(const StartContext& context, const std::string& service);

/// Where the output of a probe is kept until it has been answered.
[[nodiscard]] std::string excerpt_file(const StartContext& context, const std::string& service);

/// Daemons that several projects share and that detach themselves on purpose: left alone and named (config/shared_daemons.txt).
[[nodiscard]] const std::string& shared_daemons();

}  // namespace devinit::supervisor
