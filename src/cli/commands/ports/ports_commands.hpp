#pragma once

#include <memory>
#include <string>

#include "cli/commands/commands.hpp"
#include "config/port_rules.hpp"
#include "registry/registry.hpp"

namespace devinit::cli {

/// `devinit ports …`: one function a word, as the commands in commands.hpp.
[[nodiscard]] Result<int> list_leases(const Context& context);
[[nodiscard]] Result<int> get_ports(const Context& context);
[[nodiscard]] Result<int> get_batch(const Context& context);
[[nodiscard]] Result<int> release_leases(const Context& context);
[[nodiscard]] Result<int> check_leases(const Context& context);
[[nodiscard]] Result<int> show_stats(const Context& context);
[[nodiscard]] Result<int> collect_garbage(const Context& context);
[[nodiscard]] Result<int> reserve_ports(const Context& context);
[[nodiscard]] Result<int> import_apps(const Context& context);
[[nodiscard]] Result<int> export_apps(const Context& context);
[[nodiscard]] Result<int> show_whose(const Context& context);
[[nodiscard]] Result<int> watch_leases(const Context& context);

/// The registry that a command works on, with the configuration that named it.
struct RegistryInUse {
  config::UserConfig user;
  std::unique_ptr<registry::Registry> registry;
};
[[nodiscard]] Result<RegistryInUse> use_registry(const Context& context, registry::Access access);

/// The rules of the project here (only where there is a devinit.json: nothing is detected) over those of the user. Errc::config.
[[nodiscard]] Result<config::PortRules> rules_here(const Context& context, const config::UserConfig& user);

/// Seconds since 1970.
[[nodiscard]] registry::Seconds wall_clock() noexcept;

/// Warns about every one of these ports that somebody still listens on: the lease has ended, the process has not.
void warn_of_listeners(const Context& context, const std::vector<registry::Lease>& leases);

}  // namespace devinit::cli
