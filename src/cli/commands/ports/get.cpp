#include <algorithm>
#include <memory>
#include <optional>

#include "cli/app_answer.hpp"
#include "cli/app_request.hpp"
#include "cli/commands/ports/ports_commands.hpp"
#include "cli/registry_access.hpp"
#include "cli/text_table.hpp"
#include "os/files.hpp"
#include "scaffold/project_name.hpp"

namespace devinit::cli {
namespace {

using registry::Lease;
using registry::Registry;

/// The folder that -C names: where the app lives. Empty without -C: the current folder says nothing about the app.
Result<std::string> named_checkout(const Context& context) {
  if (context.arguments.directory.empty()) return std::string();
  TRY_ASSIGN(auto path, os::real_path(context.arguments.directory));
  if (!os::is_directory(path)) return Error(Errc::usage, context.arguments.directory + " is no folder");
  return path;
}

/// The leases of the wanted roles in their order; empty unless all of them are there.
std::vector<Lease> all_of_roles(const std::vector<Lease>& leases, const std::vector<registry::Grid>& grids) {
  std::vector<Lease> found;
  for (const auto& grid : grids) {
    const auto lease = std::ranges::find_if(leases, [&grid](const Lease& candidate) { return candidate.owner.role == grid.role; });
    if (lease == leases.end()) return {};
    found.push_back(*lease);
  }
  return found;
}

struct OpenRegistry {
  std::unique_ptr<Registry> registry;
  std::optional<Error> why_read_only;
};

/// To write, since that may be needed; a registry that can only be read still has answers. One that is silent is not asked again: that would
/// take as long a second time.
Result<OpenRegistry> open_here(const Context& context, const config::UserConfig& user) {
  auto opened = open_registry(context, user);
  if (opened) return OpenRegistry{std::move(*opened), std::nullopt};
  if (opened.error().code == Errc::timeout) return opened.error();
  auto to_read = open_registry(context, user, registry::Access::read_only);
  if (!to_read) return opened.error();
  return OpenRegistry{std::move(*to_read), opened.error()};
}

/// What the registry has already; empty when something is missing, or when the app lives elsewhere now.
Result<std::vector<Lease>> existing_ports(const Context& context, Registry& registry, const std::string& checkout) {
  const auto& arguments = context.arguments.ports;
  TRY_ASSIGN(const auto leases, registry.find_app(arguments.model, *arguments.app));
  const bool moved = !checkout.empty() && std::ranges::any_of(leases, [&](const Lease& lease) { return lease.checkout != checkout; });
  return moved ? std::vector<Lease>() : all_of_roles(leases, grids_of(nullptr, arguments.roles));
}

Result<registry::AppPorts> allocate(const Context& context, const config::UserConfig& user, Registry& registry, const std::string& checkout) {
  const auto& arguments = context.arguments.ports;
  TRY_ASSIGN(const auto rules, rules_here(context, user));
  const config::Pool* pool = rules.pool_for_model(arguments.model);
  if (!arguments.pool.empty()) {
    TRY_ASSIGN(pool, find_pool(rules, arguments.pool));
  }
  auto request = app_request(rules, pool, arguments.roles, arguments.model, *arguments.app);
  request.checkout = checkout;
  const auto policy = port_policy(rules, pool, arguments.probe);
  TRY_ASSIGN(auto answers, registry.allocate({&request, 1}, policy));
  ASSERT(answers.size() == 1);
  TRY_ASSIGN(auto ports, std::move(answers.front()));
  if (ports.created) {
    if (const auto warning = ephemeral_warning(ports.leases, policy)) context.output.warn(*warning);
    if (const auto warning = ephemeral_host_warning(registry.host())) context.output.warn(*warning);
  }
  return ports;
}

/// BACKEND_PORT=5001 …, PROJECT_NAME=…: what a shell, compose and an .env file read.
Result<> print_environment(const Context& context, Registry& registry, const registry::AppPorts& ports) {
  const auto& arguments = context.arguments.ports;
  TRY_ASSIGN(const auto name, registry.project_name(arguments.model, *arguments.app,
                                                    scaffold::preferred_project_name(arguments.model, *arguments.app)));
  for (const auto& lease : ports.leases) context.output.data(port_variable(lease.owner.role, lease.port));
  context.output.data("PROJECT_NAME=" + name);
  return {};
}

void print_table(const Context& context, const registry::AppPorts& ports) {
  TextTable table({TextTable::Align::left, TextTable::Align::right});
  for (const auto& lease : ports.leases) table.add_row({lease.owner.role, std::to_string(lease.port)});
  context.output.data(table.text());
}

}  // namespace

Result<int> get_ports(const Context& context) {
  const auto& arguments = context.arguments.ports;
  ASSERT(arguments.app);
  TRY(registry::check_model(arguments.model));
  TRY_ASSIGN(const auto checkout, named_checkout(context));
  TRY_ASSIGN(const auto user, load_user_config(context.environment));
  TRY_ASSIGN(const auto opened, open_here(context, user));
  Registry& registry = *opened.registry;
  TRY_ASSIGN(auto existing, existing_ports(context, registry, checkout));
  registry::AppPorts ports{std::move(existing), false};
  if (ports.leases.empty()) {
    if (opened.why_read_only) return *opened.why_read_only;
    TRY_ASSIGN(ports, allocate(context, user, registry, checkout));
  }
  if (context.arguments.json) {
    context.output.data(app_json(arguments.model, *arguments.app, ports));
  } else if (arguments.env) {
    TRY(print_environment(context, registry, ports));
  } else {
    print_table(context, ports);
  }
  return 0;
}

}  // namespace devinit::cli
