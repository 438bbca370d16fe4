#pragma once

#include <chrono>
#include <optional>

#include "api/client.hpp"
#include "cli/project.hpp"
#include "os/process.hpp"

namespace devinit::cli {

/// Where the live supervisor of a project listens, and who it is: `Client`s to it are opened from here, one per request.
struct SupervisorLink {
  std::string socket;
  os::ProcessIdentity process;

  /// Errc::refused when a process of another user listens there: it must not get a request, and the environment in it.
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
/// one is just ending), on changes of the lock file and the end of that process; 60 s at most: before it serves, a supervisor ends what
/// a killed one left. `cancel_fd` readable ends the wait: Errc::interrupted. Errors: what the supervisor says it died of;
/// Errc::refused (see `connect`); Errc::timeout; Errc::io.
[[nodiscard]] Result<Connection> find_or_start_supervisor(const Project& project, int cancel_fd);

/// How long a command waits for a live supervisor that says nothing: it answers every request at once, unless it is stopped.
inline constexpr std::chrono::seconds kAnswerPatience{10};

/// Sends `request`, and once more to a new supervisor when the first one was just ending. `patience` is the client's, without a
/// limit of its own; its `cancel_fd` ends the search for a supervisor, too. Errc::timeout: `no_answer`.
[[nodiscard]] Result<Connection> send_request(const Project& project, const api::Request& request, api::Patience patience);

/// Errc::timeout that names the process of the supervisor and what to do.
[[nodiscard]] Error no_answer(const Project& project);

}  // namespace devinit::cli
