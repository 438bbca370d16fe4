#pragma once

#include <optional>

#include "api/client.hpp"
#include "cli/project.hpp"
#include "os/process.hpp"

namespace devinit::cli {

/// Where the live supervisor of a project listens, and who it is: `Client`s to it are opened from here, one per request.
struct SupervisorLink {
  std::string socket;
  os::ProcessIdentity process;

  [[nodiscard]] Result<api::Client> connect() const;
};

/// The live supervisor; nothing when the lock is free or its text is not there yet. Asks the lock file only: no environment
/// variable decides whom a client talks to.
[[nodiscard]] std::optional<SupervisorLink> find_supervisor(const Project& project);

/// One connection to the project's supervisor: for one request.
struct Connection {
  SupervisorLink link;
  api::Client client;
};
/// A connection to the live supervisor, which is started when there is none. Waits on its ready pipe, or, when another command is just starting one (or
/// one is just ending), on changes of the lock file and the end of that process; 10 s at most. `cancel_fd` readable ends the
/// wait: Errc::interrupted. Errors: what the supervisor says it died of; Errc::timeout; Errc::io.
[[nodiscard]] Result<Connection> find_or_start_supervisor(const Project& project, int cancel_fd);

/// Sends `request`, and once more to a new supervisor when the first one was just ending.
[[nodiscard]] Result<Connection> send_request(const Project& project, const api::Request& request, int cancel_fd);

}  // namespace devinit::cli
