#include "cli/commands/ports/ports_commands.hpp"
#include "cli/lease_text.hpp"
#include "cli/text_table.hpp"

namespace devinit::cli {

Result<int> collect_garbage(const Context& context) {
  const bool dry_run = context.arguments.ports.dry_run;
  TRY_ASSIGN(const auto in_use, use_registry(context, dry_run ? registry::Access::read_only : registry::Access::read_write));
  auto& registry = *in_use.registry;
  TRY_ASSIGN(const auto leases, registry.collect_garbage(dry_run));
  api::JsonWriter writer;
  writer.begin_array();
  for (const auto& lease : leases) {
    const auto reason = registry.reclaimable(lease).value_or("its owner has no use for it");
    context.output.say(one_line((dry_run ? "would release " : "released ") + std::to_string(lease.port) + " (" + registry::describe(lease) +
                                "): " + reason));
    begin_lease(writer, lease, false);
    writer.member("reason", reason);
    writer.end_object();
  }
  writer.end_array();
  if (context.arguments.json) context.output.data(writer.take());
  if (leases.empty()) context.output.say("nothing to collect");
  return 0;
}

}  // namespace devinit::cli
