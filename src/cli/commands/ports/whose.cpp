#include "cli/commands/ports/ports_commands.hpp"
#include "cli/lease_text.hpp"
#include "cli/text_table.hpp"
#include "ports/holder.hpp"

namespace devinit::cli {
namespace {

using registry::Lease;

std::string json_answer(Port port, const std::optional<Lease>& lease, bool is_live, const std::vector<ports::Holder>& holders) {
  api::JsonWriter writer;
  writer.begin_object();
  writer.member("port", port);
  writer.key("lease");
  if (lease) {
    begin_lease(writer, *lease, is_live);
    writer.end_object();
  } else {
    writer.null();
  }
  writer.key("holders");
  write_holders(writer, holders);
  writer.member("free", holders.empty());
  writer.end_object();
  return writer.take();
}

std::string lease_line(const Lease& lease, bool is_live) {
  auto text = registry::describe(lease) + "; leased " + ago(lease.created, wall_clock());
  if (is_live && lease.live) text += ", in use by process " + std::to_string(lease.live->pid);
  if (lease.owner.kind == registry::OwnerKind::app && !lease.checkout.empty()) text += ", files in " + lease.checkout;
  return text;
}

}  // namespace

Result<int> show_whose(const Context& context) {
  ASSERT(context.arguments.ports.range);
  const Port port = context.arguments.ports.range->first;
  TRY_ASSIGN(const auto in_use, use_registry(context, registry::Access::read_only));
  TRY_ASSIGN(const auto lease, in_use.registry->lease_of(port));
  const auto holders = ports::holders_of(port, ports::Search::youngest);
  const bool is_live = lease && in_use.registry->is_live(*lease);
  auto& output = context.output;
  if (context.arguments.json) {
    output.data(json_answer(port, lease, is_live, holders));
    return 0;
  }
  const auto name = "port " + std::to_string(port);
  output.data(name + " " + (lease ? one_line("belongs to " + lease_line(*lease, is_live)) : "belongs to nobody"));
  for (const auto& holder : holders) output.data(name + " " + one_line("is held by " + ports::describe(holder)));
  if (holders.empty()) output.data(name + " is free: nobody listens");
  return 0;
}

}  // namespace devinit::cli
