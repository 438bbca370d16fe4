#include "cli/commands/ports/ports_commands.hpp"
#include "cli/lease_filter.hpp"
#include "cli/lease_text.hpp"
#include "cli/text_table.hpp"
#include "ports/holder.hpp"

namespace devinit::cli {
namespace {

using registry::Lease;

Holders holders_of_all(const std::vector<Lease>& leases, const registry::Registry& registry) {
  PortSet here;
  for (const auto& lease : leases) {
    if (lease.host == registry.host().id) here.insert(lease.port);
  }
  return ports::listening_holders(here);
}

const std::vector<ports::Holder>& holders_of(const Holders& all, const Lease& lease, const std::string& host) {
  static const std::vector<ports::Holder> nobody;
  const auto found = lease.host == host ? all.find(lease.port) : all.end();
  return found == all.end() ? nobody : found->second;
}

/// All at once: a flush per line would take a third of the time for a long list.
void print_json(const Context& context, const std::vector<Lease>& leases, const Holders& holders, const registry::Registry& registry) {
  api::JsonWriter writer;
  writer.begin_array();
  for (const auto& lease : leases) {
    begin_lease(writer, lease, registry.is_live(lease));
    if (context.arguments.ports.live) {
      writer.key("listeners");
      write_holders(writer, holders_of(holders, lease, registry.host().id));
    }
    writer.end_object();
  }
  writer.end_array();
  context.output.data(writer.take());
}

void print_table(const Context& context, const std::vector<Lease>& leases, const Holders& holders, const registry::Registry& registry) {
  using Align = TextTable::Align;
  TextTable table({Align::right, Align::left, Align::left, Align::left, Align::left, Align::left, Align::left, Align::left});
  table.set_heading({"PORT", "OWNER", "ROLE", "LAST USED", "POOL", "HOST", "LISTENING NOW", "WHERE"});
  const auto now = wall_clock();
  const auto& here = registry.host().id;
  for (const auto& lease : leases) {
    table.add_row({std::to_string(lease.port), owner_text(lease), lease.owner.role, registry.is_live(lease) ? "in use" : ago(lease.last_used, now),
                   lease.pool, lease.host == here ? "" : lease.host, short_text(holders_of(holders, lease, here)), folder_of(lease)});
  }
  context.output.data(table.text());
}

}  // namespace

Result<int> list_leases(const Context& context) {
  TRY_ASSIGN(const auto filter, lease_filter(context.arguments.ports));
  TRY_ASSIGN(const auto in_use, use_registry(context, registry::Access::read_only));
  std::vector<Lease> leases;
  TRY(in_use.registry->each_lease(filter, [&leases](const Lease& lease) { leases.push_back(lease); }));
  Holders holders;
  if (context.arguments.ports.live) holders = holders_of_all(leases, *in_use.registry);
  if (context.arguments.json) {
    print_json(context, leases, holders, *in_use.registry);
  } else if (leases.empty()) {
    const bool all = lease_filter_is_empty(context.arguments.ports);
    context.output.say(all ? "no leases yet: `devinit start` and `devinit ports get` make them" : "no lease matches");
  } else {
    print_table(context, leases, holders, *in_use.registry);
  }
  return 0;
}

}  // namespace devinit::cli
