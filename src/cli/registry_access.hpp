#pragma once

#include <memory>
#include <string>

#include "cli/commands/commands.hpp"
#include "config/port_rules.hpp"
#include "registry/registry.hpp"

namespace devinit::cli {

/// `$XDG_CONFIG_HOME/devinit/config.json`, else `~/.config/devinit/config.json`; nothing set when there is none. Errc::config.
[[nodiscard]] Result<config::UserConfig> load_user_config(const os::Environment& environment);

/// The registry that command line, environment and user's configuration name. Notices of the registry go to `context.output`.
[[nodiscard]] Result<std::unique_ptr<registry::Registry>> open_registry(const Context& context, const config::UserConfig& user,
                                                                       registry::Access access = registry::Access::read_write);

/// What a search must avoid on this machine: below 1024, what the administrator and browsers set aside, what `rules` deny and reserve
/// (pools that are not `pool`), and the bind probe unless `probe` is false.
[[nodiscard]] registry::PortPolicy port_policy(const config::PortRules& rules, const config::Pool* pool, bool probe);

}  // namespace devinit::cli
