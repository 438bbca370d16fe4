#include "cli/commands/ports/ports_commands.hpp"
#include "cli/lease_filter.hpp"
#include "cli/lease_text.hpp"
#include "cli/text_table.hpp"

namespace devinit::cli {
namespace {

using registry::Lease;
using registry::Registry;

/// The leases of the folder as it is named or, when it has none, of the project that it lies in.
Result<std::vector<Lease>> release_project(const Context& context, Registry& registry, const std::string& folder) {
  const auto path = folder_path(folder);
  TRY_ASSIGN(auto released, registry.release_project(path));
  if (!released.empty()) return released;
  const auto root = find_root(path, context.environment);
  if (root == path) return released;
  return registry.release_project(root);
}

Result<std::vector<Lease>> release_named(const Context& context, Registry& registry) {
  const auto& arguments = context.arguments.ports;
  if (!arguments.project.empty()) return release_project(context, registry, arguments.project);
  if (!arguments.name.empty()) return registry.release_reservation(arguments.name);
  ASSERT(arguments.app);
  return registry.release_app(arguments.model, *arguments.app);
}

Error nothing_to_release(const PortsArguments& arguments) {
  std::string who = "model " + arguments.model + " app " + std::to_string(arguments.app.value_or(0)) + " has no ports";
  if (!arguments.project.empty()) who = "no project at " + arguments.project + " has ports";
  if (!arguments.name.empty()) who = "nothing is reserved for " + arguments.name;
  return Error(Errc::not_found, who, "devinit ports list shows who has");
}

}  // namespace

Result<int> release_leases(const Context& context) {
  TRY_ASSIGN(const auto in_use, use_registry(context, registry::Access::read_write));
  TRY_ASSIGN(const auto released, release_named(context, *in_use.registry));
  if (released.empty()) return nothing_to_release(context.arguments.ports);
  api::JsonWriter writer;
  writer.begin_array();
  for (const auto& lease : released) {
    context.output.say(one_line("released " + std::to_string(lease.port) + " (" + registry::describe(lease) + ")"));
    begin_lease(writer, lease, false);
    writer.end_object();
  }
  writer.end_array();
  if (context.arguments.json) context.output.data(writer.take());
  warn_of_listeners(context, released);
  return 0;
}

}  // namespace devinit::cli
