#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "cli/commands/commands.hpp"
#include "config/port_rules.hpp"
#include "registry/registry.hpp"

namespace devinit::cli {

/// A registry that has answered, and what it said.
struct NearestRegistry {
  std::unique_ptr<registry::Registry> registry;
  registry::Neighbours neighbours;
  bool writable = true;
  bool pending = false;  ///< it stands in for the one that is configured, which hears of its leases later; they are marked
};

/// Asks for the neighbours of `checkout` (see Registry::neighbours_of) whoever answers first: the registry that is configured, the one of this
/// machine, the configured one for reading. Nothing when nobody does: that keeps nobody from starting, `warn` is told. Errc::usage and
/// Errc::config for a registry or host that is written wrongly. Refers to `context`, which must outlive the registry.
[[nodiscard]] Result<std::optional<NearestRegistry>> nearest_registry(const Context& context, const config::UserConfig& user,
                                                                      const registry::Checkout& checkout, std::span<const Port> asked,
                                                                      const std::function<void(const std::string&)>& warn);

/// Whether a checkout of `repository` (empty: of none) that names the port may have `lease` once nobody uses it. A project's may go, but not to
/// another worktree of the same repository: both are to have stable ports.
[[nodiscard]] bool may_change_hands(const registry::Lease& lease, const std::string& repository);

}  // namespace devinit::cli
