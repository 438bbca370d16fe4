#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "ports/holder.hpp"

namespace devinit::ports {

/// Why a holder must not be killed, as a clause ("it belongs to user root", "it is an ancestor of this command", …), or nothing
/// when an explicit yes may kill it. No force changes the answer. The never list: pid 1, self and ancestors, other uids
/// (also for root: root may only evict root's), kernel threads, sshd, systemd*, docker*/containerd*, rootlesskit, the user's
/// login shells, terminals, multiplexers and editor servers (names from the built-in list), anything outside our namespaces,
/// leftovers, and services that a live devinit owns (the reason names project and service, with `devinit stop` as the way).
[[nodiscard]] std::optional<std::string> eviction_refusal(const Holder& holder);

/// Ends the holder: SIGTERM, up to `grace`, SIGKILL, always through a pidfd with a re-read identity; then waits until no
/// listener is left on `port`. Success means: proven free now. Errors: Errc::refused (never list), Errc::failed (still there,
/// or a respawned holder, which the message names). Checks the never list itself. Processes that inherited the holder's socket
/// (a forking server's workers) are part of the holder. Other holders that the port had before are not: end each, the last one
/// frees it.
[[nodiscard]] Result<> evict(const Holder& holder, Port port, std::chrono::milliseconds grace);

}  // namespace devinit::ports
