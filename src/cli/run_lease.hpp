#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands/commands.hpp"
#include "cli/run_banner.hpp"
#include "config/run_settings.hpp"
#include "os/process.hpp"
#include "registry/registry.hpp"

namespace devinit::cli {

/// What the registry makes of a run's wish.
struct RunWish {
  std::optional<Port> prefer;  ///< nothing: the first free one of the range
  std::vector<Port> avoid;     ///< of the range: leased to others, or never given
  std::string reason;          ///< why it is not the wanted port; empty: it is
};

/// The lease of one `devinit run`: role "run:NAME" of its folder. The registry is a help, not a condition: when it cannot be used that of
/// this machine stands in for it, or a warning is all that comes of it. One that is written wrongly is an error (see `nearest_registry`).
class RunLease {
 public:
  RunLease(const Context& context, const Project& project, std::string name, RunTalk& talk);

  /// The wanted port, unless it is another's: who insists on a number (it was named, or no other is allowed) takes an idle
  /// lease over, else the run's own port of last time comes first, then the range. Errc::busy when the number is another's and
  /// no other is allowed.
  [[nodiscard]] Result<RunWish> choose(const config::RunSettings& settings);
  /// Leases `port`; says what it took over. `named`: see `choose`.
  void take(Port port, bool named, const os::ProcessIdentity& supervisor);
  /// The run has ended: the lease stays for the next time, but for a host that is not there for long.
  void end();
  /// For people; empty when there is no registry.
  [[nodiscard]] std::string shown() const;

 private:
  [[nodiscard]] bool may_take_over(const registry::Registry& registry, const registry::Lease& lease,
                                   const config::RunSettings& settings) const;
  void give_up(const Error& error);

  const Context& context_;
  registry::Checkout checkout_;
  std::string role_;
  std::map<Port, std::string> siblings_;  ///< other roles of the same folder
  RunTalk& talk_;
  std::unique_ptr<registry::Registry> registry_;
  std::optional<registry::LiveProcess> live_;
};

}  // namespace devinit::cli
