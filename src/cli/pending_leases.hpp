#pragma once

#include <string>

#include "cli/commands/commands.hpp"
#include "config/port_rules.hpp"
#include "registry/registry.hpp"

namespace devinit::cli {

/// The team's registry is back: it hears of the leases that this machine's own registry took in its place, before anything else is written, so
/// that nobody gets their ports. `done` is the project (its root) whose services `team` knows already, empty for none. Says what it did and
/// whose port was taken over or refused. One query when there is nothing to do, and none when `team` is not a server or this machine has no
/// registry of its own.
[[nodiscard]] Result<> carry_over_pending(const Context& context, const config::UserConfig& user, registry::Registry& team,
                                          const std::string& done = {});

/// The same before a command that writes; what goes wrong is a warning, and the command goes on.
void hear_of_pending(const Context& context, const config::UserConfig& user, registry::Registry& team);

/// A line on stderr for each lease that ended for the report's.
void say_taken_over(const registry::LeaseReport& report, Output& output);

}  // namespace devinit::cli
