#include "api/json_writer.hpp"
#include "cli/app_list.hpp"
#include "cli/commands/ports/ports_commands.hpp"
#include "cli/text_table.hpp"
#include "os/files.hpp"
#include "registry/host.hpp"

namespace devinit::cli {
namespace {

using registry::ImportReport;
using registry::Lease;

Result<std::string> read_list(const std::string& file) {
  auto text = os::read_text_file(file, {}, kLargestAppList);
  if (text) return std::move(*text);
  if (text.error().problem == os::FileProblem::missing) return Error(Errc::not_found, "there is no file " + file);
  return Error(Errc::config, file + " cannot be read: it " + text.error().detail);
}

/// {"added":2,"known":0,"conflicts":["row 3: …"]}
void print_json(Output& output, const ImportReport& report) {
  api::JsonWriter writer;
  writer.begin_object();
  writer.member("added", report.added);
  writer.member("known", report.known);
  writer.member("conflicts", report.conflicts);
  writer.end_object();
  output.data(writer.take());
}

void say_report(Output& output, const std::string& file, const ImportReport& report) {
  if (report.conflicts.empty()) {
    output.say(one_line("imported " + std::to_string(report.added) + " ports from " + file +
                        (report.known > 0 ? "; " + std::to_string(report.known) + " were known" : "")));
    return;
  }
  for (const auto& conflict : report.conflicts) output.insist(one_line(file + ": " + conflict));
  output.insist(one_line("devinit: error: nothing was imported from " + file + ": " + std::to_string(report.conflicts.size()) +
                         (report.conflicts.size() == 1 ? " conflict" : " conflicts")));
}

}  // namespace

Result<int> import_apps(const Context& context) {
  const auto& file = context.arguments.ports.file;
  TRY_ASSIGN(const auto text, read_list(file));
  TRY_ASSIGN(const auto host, registry::this_host(context.environment));
  TRY_ASSIGN(const auto list, parse_app_list(text, file, host.id));
  TRY_ASSIGN(const auto in_use, use_registry(context, registry::Access::read_write));
  TRY_ASSIGN(const auto report, in_use.registry->import_rows(list.rows, list.reservations));
  if (list.of_other_hosts > 0) {
    context.output.warn(one_line(std::to_string(list.of_other_hosts) + " of " + file + " belong to other hosts than this one (" + host.id +
                                 ") and were passed over"));
  }
  if (context.arguments.json) {
    print_json(context.output, report);
  } else {
    say_report(context.output, file, report);
  }
  return report.conflicts.empty() ? 0 : exit_code_of(Errc::failed);
}

Result<int> export_apps(const Context& context) {
  const auto& arguments = context.arguments.ports;
  TRY_ASSIGN(const auto in_use, use_registry(context, registry::Access::read_only));
  registry::Filter filter;
  filter.all_hosts = arguments.all_hosts;
  std::vector<Lease> leases;
  TRY(in_use.registry->each_lease(filter, [&leases](const Lease& lease) {
    if (lease.owner.kind != registry::OwnerKind::project) leases.push_back(lease);
  }));
  std::size_t left_out = 0;
  const auto text = context.arguments.json ? full_form(leases) : old_form(leases, &left_out);
  if (arguments.file.empty()) {
    context.output.data(text);
  } else {
    constexpr mode_t kMode = 0644;
    TRY(os::replace_file(arguments.file, text + "\n", kMode, os::Durable::yes));
  }
  if (left_out > 0) {
    context.output.warn(std::to_string(left_out) + (left_out == 1 ? " lease has" : " leases have") +
                        " no place in this form (other roles, reservations): `devinit ports export --json` has them, too");
  }
  return 0;
}

}  // namespace devinit::cli
