#include "cli/commands/scaffold_audit.hpp"

#include <functional>
#include <optional>

#include "api/json_writer.hpp"
#include "base/counted.hpp"
#include "cli/commands/ports/ports_commands.hpp"
#include "cli/text_table.hpp"
#include "os/files.hpp"
#include "scaffold/audit.hpp"

namespace devinit::cli {
namespace {

using scaffold::AuditedApp;
using scaffold::Finding;

constexpr int kNotAllWritten = 1;

/// What is done with an app once it is judged, before the next one is read: a long list must not make the first answers old.
using AppVisit = std::function<void(AuditedApp&)>;

struct Audited {
  std::vector<AuditedApp> apps;
  std::optional<Error> failure;  ///< of the registry: it ended the audit, the apps so far stand
};

Result<Audited> audit_here(const Context& context, registry::Access access, const AppVisit& visit = {}) {
  const auto& arguments = context.arguments;
  const bool relative = !arguments.scaffold.path.starts_with('/') && !arguments.directory.empty();
  const std::string root = relative ? arguments.directory + "/" + arguments.scaffold.path : arguments.scaffold.path;
  TRY_ASSIGN(const auto in_use, use_registry(context, access));
  TRY_ASSIGN(const auto known, scaffold::known_apps(*in_use.registry));
  TRY_ASSIGN(const auto places, scaffold::find_apps(root, known));
  if (places.empty()) context.output.warn("no generated app below " + root);
  scaffold::Audit audit(
      [&](const std::string& model, std::int64_t app) { return scaffold::find_allocation(*in_use.registry, model, app); });
  Audited audited;
  for (const auto& app_place : places) {
    auto app = audit.judge(scaffold::read_app(app_place));
    if (!app) {
      audited.failure = app.error();
      break;
    }
    if (visit) visit(*app);
    audited.apps.push_back(std::move(*app));
  }
  audit.report_shared(audited.apps);
  return audited;
}

std::string place(const AuditedApp& app, const std::string& file, int line) {
  return app.root + (file.empty() ? "" : "/" + file) + (line > 0 ? ":" + std::to_string(line) : "");
}

void write_finding(api::JsonWriter& writer, const AuditedApp& app, const Finding& finding) {
  writer.begin_object();
  writer.member("fault", to_string(finding.fault));
  writer.member("app", app.root);
  if (app.owner) {
    writer.member("model", app.owner->first);
    writer.member("number", app.owner->second);
  }
  if (!finding.file.empty()) writer.member("file", finding.file);
  if (finding.line > 0) writer.member("line", finding.line);
  writer.member("message", finding.message);
  writer.member("mendable", finding.mendable);
  writer.end_object();
}

/// The findings that no mending takes away.
std::size_t report_the_rest(const Context& context, const std::vector<AuditedApp>& apps) {
  std::size_t count = 0;
  for (const auto& app : apps) {
    for (const auto& finding : app.findings) {
      if (finding.mendable) continue;
      ++count;
      context.output.warn(place(app, finding.file, finding.line) + ": " + finding.message +
                          (finding.hint.empty() ? "" : " (" + finding.hint + ")"));
    }
  }
  return count;
}

void write_mending(api::JsonWriter& writer, const AuditedApp& app, const scaffold::Mending& mending) {
  writer.begin_object();
  writer.member("app", app.root);
  writer.member("file", mending.file);
  writer.member("changes", mending.changes);
  writer.end_object();
}

/// What was written, or would be; in JSON also what could not be.
void print_mendings(const Context& context, const AuditedApp& app, api::JsonWriter& writer) {
  for (const auto& finding : app.findings) {
    if (finding.fault == scaffold::Fault::not_written) write_finding(writer, app, finding);
  }
  for (const auto& mending : app.mendings) {
    write_mending(writer, app, mending);
    if (context.arguments.json) continue;
    for (const auto& change : mending.changes) context.output.data(one_line(place(app, mending.file, 0) + ": " + change));
  }
}

}  // namespace

Result<int> check_apps(const Context& context) {
  TRY_ASSIGN(const auto audited, audit_here(context, registry::Access::read_only));
  if (audited.failure) return *audited.failure;
  const auto& apps = audited.apps;
  std::size_t count = 0;
  api::JsonWriter writer;
  writer.begin_array();
  for (const auto& app : apps) {
    for (const auto& finding : app.findings) {
      ++count;
      write_finding(writer, app, finding);
      if (context.arguments.json) continue;
      const std::string hint = finding.mendable || finding.hint.empty() ? "" : " (" + finding.hint + ")";
      context.output.data(one_line(place(app, finding.file, finding.line) + ": " + finding.message + hint));
    }
  }
  writer.end_array();
  if (context.arguments.json) context.output.data(writer.take());
  context.output.say(counted(apps.size(), "app") + ", " + counted(count, "problem") +
                     (count > 0 ? "; devinit scaffold fix mends what can be mended" : ""));
  return count == 0 ? 0 : kExitNotAsWanted;
}

Result<int> fix_apps(const Context& context) {
  const bool dry_run = context.arguments.scaffold.dry_run;
  bool all_written = true;
  api::JsonWriter writer;
  writer.begin_array();
  const auto mend = [&](AuditedApp& app) {
    if (!dry_run) all_written = scaffold::mend(app) && all_written;
    print_mendings(context, app, writer);
  };
  TRY_ASSIGN(const auto audited,
             audit_here(context, dry_run ? registry::Access::read_only : registry::Access::read_write, mend));
  std::size_t mended = 0;
  for (const auto& app : audited.apps) mended += app.mendings.size();
  writer.end_array();
  if (context.arguments.json) context.output.data(writer.take());
  context.output.say(counted(audited.apps.size(), "app") + ", " + counted(mended, "file") +
                     (dry_run ? " would be mended" : " mended"));
  const std::size_t left = report_the_rest(context, audited.apps);
  if (audited.failure) return *audited.failure;
  if (!all_written) return kNotAllWritten;
  return left == 0 ? 0 : kExitNotAsWanted;
}

}  // namespace devinit::cli
