#pragma once

#include <optional>
#include <string>
#include <vector>

#include "os/process.hpp"
#include "ports/holder.hpp"

namespace devinit::ports {

/// The project folder that this command line supervises, when it is one of `devinit supervise --root ROOT`.
[[nodiscard]] std::optional<std::string> supervised_root(const std::vector<std::string>& command);

/// The devinit that holds the claim token of a port: proof that the claim is alive.
struct Keeper {
  std::optional<os::ProcessInfo> process;  ///< nothing when it belongs to another user
  std::optional<Ours> ours;                ///< its project, when the process is a supervisor
};
[[nodiscard]] Keeper keeper_of(const std::vector<pid_t>& token_owners);

/// The service of a live devinit that `pid` belongs to. Alive means: a supervisor is among its ancestors, or holds the token
/// (`keeper`, may be null) for the root in its environment. An orphan that merely carries DEVINIT_* variables belongs to
/// nobody. The nearest ancestor with variables speaks for a server that has overwritten its own with its title.
[[nodiscard]] std::optional<Ours> service_of(pid_t pid, const Keeper* keeper);

}  // namespace devinit::ports
