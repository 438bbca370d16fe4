#include <algorithm>

#include "api/json_writer.hpp"
#include "cli/commands/ports/ports_commands.hpp"
#include "cli/registry_audit.hpp"
#include "cli/text_table.hpp"

namespace devinit::cli {
namespace {

bool same(const Finding& one, const Finding& other) {
  return one.kind == other.kind && one.port == other.port && one.where == other.where;
}

/// `left`: what a second look still finds; the rest has been mended.
void print_json(Output& output, const std::vector<Finding>& findings, const std::vector<Finding>& left) {
  api::JsonWriter writer;
  writer.begin_array();
  for (const auto& finding : findings) {
    writer.begin_object();
    writer.member("kind", to_string(finding.kind));
    writer.member("port", finding.port);
    writer.member("where", finding.where);
    writer.member("what", finding.what);
    writer.member("todo", finding.todo);
    writer.member("mended", std::ranges::none_of(left, [&finding](const Finding& other) { return same(finding, other); }));
    writer.end_object();
  }
  writer.end_array();
  output.data(writer.take());
}

void print_lines(Output& output, const std::vector<Finding>& findings) {
  for (const auto& finding : findings) output.data(one_line(finding.where + ": " + finding.what + " (" + finding.todo + ")"));
}

}  // namespace

Result<int> check_leases(const Context& context) {
  const bool fix = context.arguments.ports.fix;
  auto& output = context.output;
  TRY_ASSIGN(const auto in_use, use_registry(context, fix ? registry::Access::read_write : registry::Access::read_only));
  TRY_ASSIGN(const auto report, audit(*in_use.registry));
  auto left = report.findings;
  if (fix && !left.empty()) {
    TRY_ASSIGN(const auto deeds, mend(*in_use.registry, left));
    for (const auto& deed : deeds) output.say(one_line(deed));
    TRY_ASSIGN(auto again, audit(*in_use.registry));
    left = std::move(again.findings);
  }
  if (context.arguments.json) {
    print_json(output, report.findings, left);
  } else {
    print_lines(output, left);
  }
  if (left.empty()) {
    output.say("nothing is wrong: " + std::to_string(report.leases) + " leases, " + std::to_string(report.checkouts) + " checkouts");
  }
  return left.empty() ? 0 : kExitNotAsWanted;
}

}  // namespace devinit::cli
