#include <chrono>

#include "cli/commands/ports/ports_commands.hpp"
#include "cli/registry_access.hpp"
#include "os/files.hpp"
#include "ports/holder.hpp"

namespace devinit::cli {

Result<int> run_ports(const Context& context) {
  switch (context.arguments.ports.command) {
    case PortsCommand::list:
      return list_leases(context);
    case PortsCommand::get:
      return context.arguments.ports.batch.empty() ? get_ports(context) : get_batch(context);
    case PortsCommand::release:
      return release_leases(context);
    case PortsCommand::check:
      return check_leases(context);
    case PortsCommand::stats:
      return show_stats(context);
    case PortsCommand::gc:
      return collect_garbage(context);
    case PortsCommand::reserve:
      return reserve_ports(context);
    case PortsCommand::import:
      return import_apps(context);
    case PortsCommand::export_:
      return export_apps(context);
    case PortsCommand::whose:
      return show_whose(context);
    case PortsCommand::watch:
      return watch_leases(context);
  }
  return Error(Errc::usage, "no ports command");
}

Result<RegistryInUse> use_registry(const Context& context, registry::Access access) {
  RegistryInUse in_use;
  TRY_ASSIGN(in_use.user, load_user_config(context.environment));
  TRY_ASSIGN(in_use.registry, open_registry(context, in_use.user, access));
  return in_use;
}

Result<config::PortRules> rules_here(const Context& context, const config::UserConfig& user) {
  TRY_ASSIGN(const auto project, context.project());
  if (!os::path_exists(project.config_file())) return user.ports;
  TRY_ASSIGN(const auto config, load_config(project));
  return config::merge(config.port_rules, user.ports);
}

registry::Seconds wall_clock() noexcept {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

void warn_of_listeners(const Context& context, const std::vector<registry::Lease>& leases) {
  PortSet released;
  for (const auto& lease : leases) released.insert(lease.port);
  for (const auto& [port, holders] : ports::listening_holders(released)) {
    for (const auto& holder : holders) {
      context.output.warn("port " + std::to_string(port) + " is still listened on by " + ports::describe(holder));
    }
  }
}

}  // namespace devinit::cli
