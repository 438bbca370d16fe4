#include <algorithm>

#include "api/json_writer.hpp"
#include "base/suggest.hpp"
#include "cli/app_answer.hpp"
#include "cli/app_request.hpp"
#include "cli/commands/ports/ports_commands.hpp"
#include "cli/commands/scaffold_audit.hpp"
#include "cli/registry_access.hpp"
#include "cli/text_table.hpp"
#include "os/files.hpp"
#include "scaffold/allocation.hpp"
#include "scaffold/creation.hpp"
#include "scaffold/project_name.hpp"
#include "scaffold/rendering.hpp"

namespace devinit::cli {
namespace {

using scaffold::Allocation;
using scaffold::AppValues;
using scaffold::Destination;
using scaffold::Template;

/// A relative path is one of the folder that -C names.
Result<std::string> absolute(const Context& context, const std::string& path) {
  if (path.starts_with('/')) return path;
  const std::string& directory = context.arguments.directory;
  TRY_ASSIGN(std::string base, os::real_path(directory.empty() ? "." : directory));
  if (!base.ends_with('/')) base += '/';
  return base + path;
}

/// A word without a slash is first of all a built-in template, whatever lies in the current folder.
Result<Template> find_template(const Context& context) {
  const std::string& name = context.arguments.scaffold.template_name;
  if (auto built_in = scaffold::built_in_template(name)) return std::move(*built_in);
  TRY_ASSIGN(const auto folder, absolute(context, name));
  auto read = scaffold::read_template(folder, name);
  if (read || name.find('/') != std::string::npos || os::path_exists(folder)) return read;
  std::vector<std::string> known;
  for (const auto& built_in : scaffold::built_in_templates()) known.emplace_back(built_in.name);
  const auto close = nearest(name, known);
  return Error(Errc::usage, "there is no template `" + name + "`, built in or as a folder",
               close ? "did you mean " + *close + "?" : "`devinit scaffold list` shows the built-in ones");
}

/// What can be wrong before anything is asked of the registry. The ports are not known yet: any do.
Result<AppValues> checked_values(const ScaffoldArguments& arguments, const Template& source) {
  TRY(registry::check_model(arguments.model));
  constexpr Port kAny = 65535;
  AppValues values{scaffold::preferred_project_name(arguments.model, arguments.app),
                   arguments.model,
                   arguments.app,
                   kAny,
                   kAny,
                   arguments.set};
  for (const auto& [name, value] : arguments.set) {
    if (std::ranges::find(scaffold::own_names(), name) == scaffold::own_names().end()) continue;
    return Error(Errc::usage, "--set cannot set " + name + ": devinit gives it its value",
                 "choose another name for the placeholder");
  }
  TRY(scaffold::check_placeholders(source, values));
  TRY(scaffold::render(source, values));
  return values;
}

struct Making {
  Template source;
  Destination destination;
  AppValues values;
  config::UserConfig user;
  registry::AppRequest request;
  registry::PortPolicy policy;
};

Result<Making> plan(const Context& context) {
  const auto& arguments = context.arguments.scaffold;
  TRY_ASSIGN(auto source, find_template(context));
  TRY_ASSIGN(auto values, checked_values(arguments, source));
  TRY_ASSIGN(const auto path, absolute(context, arguments.path));
  TRY_ASSIGN(auto destination, scaffold::check_destination(path, arguments.overwrite, source));
  TRY_ASSIGN(auto user, load_user_config(context.environment));
  TRY_ASSIGN(const auto rules, rules_here(context, user));
  const config::Pool* pool = rules.pool_for_model(arguments.model);
  auto request = app_request(rules, pool, {}, arguments.model, arguments.app);
  auto policy = port_policy(rules, pool, true);
  return Making{std::move(source), std::move(destination), std::move(values),
                std::move(user),   std::move(request),     std::move(policy)};
}

void use(const Allocation& allocation, AppValues& values) {
  values.project_name = allocation.project_name;
  values.backend = allocation.backend;
  values.frontend = allocation.frontend;
}

std::string ports_text(const AppValues& values) {
  return "backend " + std::to_string(values.backend) + ", frontend " + std::to_string(values.frontend);
}

std::string app_text(const AppValues& values) { return "model " + values.model + " app " + std::to_string(values.app); }

std::string answer_json(const Making& making, const std::vector<scaffold::AppEntry>& entries, const Allocation& allocation,
                        bool dry_run) {
  const AppValues& values = making.values;
  api::JsonWriter writer;
  writer.begin_object();
  writer.member("path", making.destination.path());
  writer.member("template", making.source.shown);
  writer.member("model", values.model);
  writer.member("app", values.app);
  writer.member("project_name", values.project_name);
  writer.key("ports");
  writer.begin_object();
  writer.member("backend", values.backend);
  writer.member("frontend", values.frontend);
  writer.end_object();
  writer.member("allocated", allocation.created && !dry_run);
  writer.member("dry_run", dry_run);
  writer.key("files");
  writer.begin_array();
  for (const auto& entry : entries) {
    if (entry.from->kind != os::TreeEntry::Kind::folder) writer.value(entry.path);
  }
  writer.end_array();
  writer.end_object();
  return writer.take();
}

void warn_about(const Context& context, const Making& making, const Allocation& allocation) {
  for (const auto& name : scaffold::unused_names(making.source, making.values)) {
    context.output.warn("--set " + name + ": the template has no {{" + name + "}}");
  }
  const std::string path = making.destination.path();
  if (allocation.checkout.empty() || allocation.checkout == path || !os::is_directory(allocation.checkout)) return;
  context.output.warn(app_text(making.values) + " is in " + allocation.checkout +
                      " already: both have the same ports and cannot run at one time");
}

Result<int> dry_run(const Context& context, Making& making) {
  TRY_ASSIGN(const auto registry, open_registry(context, making.user, registry::Access::read_only));
  TRY_ASSIGN(const auto allocation, scaffold::preview(*registry, making.request, making.policy));
  use(allocation, making.values);
  TRY_ASSIGN(const auto entries, scaffold::render(making.source, making.values));
  warn_about(context, making, allocation);
  if (context.arguments.json) {
    context.output.data(answer_json(making, entries, allocation, true));
    return 0;
  }
  for (const auto& entry : entries) {
    if (entry.from->kind != os::TreeEntry::Kind::folder) context.output.data(one_line(entry.path));
  }
  context.output.say("would create " + making.destination.path() + " as " + making.values.project_name + ": " +
                     ports_text(making.values) +
                     (allocation.created ? " (free now; nothing is allocated)" : " (its ports already)"));
  return 0;
}

/// The ports belong to the app for ever, also when its files could not be written.
Error keeps_its_ports(Error error, const Making& making, const Allocation& allocation) {
  if (allocation.created)
    error.message += "\n" + app_text(making.values) + " keeps its new ports: " + ports_text(making.values);
  return error;
}

/// Only now that the files are there: a checkout that never came into being would look like one that was deleted.
Result<> note_checkout(registry::Registry& registry, const Making& making, const Allocation& allocation) {
  const std::string path = making.destination.path();
  if (allocation.checkout == path) return {};
  auto noted = registry.set_checkout(making.values.model, making.values.app, path);
  if (noted) return {};
  Error error = noted.error();
  error.message += "\n" + path + " is complete, but the registry does not know that " + app_text(making.values) + " is there";
  return error;
}

Result<int> make(const Context& context, Making& making) {
  TRY_ASSIGN(const auto registry, open_registry(context, making.user));
  TRY_ASSIGN(const auto allocation, scaffold::allocate(*registry, making.request, making.policy));
  use(allocation, making.values);
  warn_about(context, making, allocation);
  if (allocation.created) {
    if (const auto warning = ephemeral_warning(allocation.leases, making.policy)) context.output.warn(*warning);
  }
  TRY_ASSIGN(const auto entries, scaffold::render(making.source, making.values));
  const auto made = scaffold::create(making.destination, making.source, entries, making.values);
  if (!made) return keeps_its_ports(made.error(), making, allocation);
  const std::string path = making.destination.path();
  if (*made)
    context.output.warn("programs changed " + path + " while it was replaced: what has no place in it any more is in " +
                        **made);
  TRY(note_checkout(*registry, making, allocation));
  if (context.arguments.json) context.output.data(answer_json(making, entries, allocation, false));
  context.output.say((making.destination.replaces ? "wrote the template's files of " : "created ") + path + " as " +
                     making.values.project_name + ": " + ports_text(making.values));
  return 0;
}

Result<int> list_templates(const Context& context) {
  TextTable table({TextTable::Align::left, TextTable::Align::left});
  api::JsonWriter writer;
  writer.begin_array();
  for (const auto& built_in : scaffold::built_in_templates()) {
    table.add_row({std::string(built_in.name), std::string(built_in.summary)});
    writer.begin_object();
    writer.member("name", built_in.name);
    writer.member("summary", built_in.summary);
    writer.end_object();
  }
  writer.end_array();
  context.output.data(context.arguments.json ? writer.take() : table.text());
  return 0;
}

Result<int> create_app(const Context& context) {
  TRY_ASSIGN(auto making, plan(context));
  return context.arguments.scaffold.dry_run ? dry_run(context, making) : make(context, making);
}

}  // namespace

Result<int> run_scaffold(const Context& context) {
  switch (context.arguments.scaffold.command) {
    case ScaffoldCommand::create:
      return create_app(context);
    case ScaffoldCommand::check:
      return check_apps(context);
    case ScaffoldCommand::fix:
      return fix_apps(context);
    case ScaffoldCommand::list:
      return list_templates(context);
  }
  return Error(Errc::usage, "no command");
}

}  // namespace devinit::cli
