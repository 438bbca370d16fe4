#include "api/json_writer.hpp"
#include "cli/commands/ports/ports_commands.hpp"
#include "cli/text_table.hpp"

namespace devinit::cli {

Result<int> reserve_ports(const Context& context) {
  const auto& arguments = context.arguments.ports;
  ASSERT(arguments.range);
  const auto [first, last] = *arguments.range;
  TRY_ASSIGN(const auto in_use, use_registry(context, registry::Access::read_write));
  TRY(in_use.registry->reserve(*arguments.range, arguments.name));
  const auto shown = first == last ? "port " + std::to_string(first) : "ports " + std::to_string(first) + " to " + std::to_string(last);
  context.output.say(one_line(shown + (first == last ? " is" : " are") + " reserved for " + arguments.name));
  if (!context.arguments.json) return 0;
  api::JsonWriter writer;
  writer.begin_object();
  writer.member("name", arguments.name);
  writer.member("first", first);
  writer.member("last", last);
  writer.end_object();
  context.output.data(writer.take());
  return 0;
}

}  // namespace devinit::cli
