#pragma once

#include <memory>
#include <string>

#include "cli/commands/commands.hpp"
#include "config/port_rules.hpp"
#include "registry/registry.hpp"

namespace devinit::cli {

/// `$XDG_CONFIG_HOME/devinit/config.json`, else `~/.config/devinit/config.json`; nothing set when there is none. Errc::config.
[[nodiscard]] Result<config::UserConfig> load_user_config(const os::Environment& environment);

/// Which registry command line, environment and user's configuration name, in this order; else the one of this user.
[[nodiscard]] Result<registry::Location> registry_location(const Context& context, const config::UserConfig& user);

/// With what a registry is opened here: this host, the user's `lease_days`, notices as warnings of `context.output`, and what a rebuild wants
/// to know. Refers to `context`, which must outlive the registry.
[[nodiscard]] Result<registry::Registry::Options> registry_options(const Context& context, const config::UserConfig& user);

/// The registry at `registry_location`, with `registry_options`; to write: after `hear_of_pending`.
[[nodiscard]] Result<std::unique_ptr<registry::Registry>> open_registry(const Context& context, const config::UserConfig& user,
                                                                       registry::Access access = registry::Access::read_write);

/// What a search must avoid on this machine: below 1024, what the administrator and browsers set aside, what `rules` deny and set aside
/// (pools that are not `pool`, and the fixed ports of apps), and the bind probe unless `probe` is false. The probe also refuses ports that a
/// live devinit claims; the table of claims is read once, at the first question.
[[nodiscard]] registry::PortPolicy port_policy(const config::PortRules& rules, const config::Pool* pool, bool probe);

/// What `port_policy` never gives, without what this machine says: below 1024, browsers, `rules`. Pure.
[[nodiscard]] PortSet ports_set_aside(const config::PortRules& rules, const config::Pool* pool);

}  // namespace devinit::cli
