#include "scaffold/app_audit.hpp"

#include <algorithm>
#include <set>

#include "base/port.hpp"
#include "config/json_reader.hpp"
#include "config/text_encoding.hpp"
#include "scaffold/compose_file.hpp"
#include "scaffold/dot_env.hpp"
#include "scaffold/placeholder.hpp"
#include "scaffold/relative_path.hpp"

namespace devinit::scaffold {
namespace {

bool is_name_variable(const std::string& name) { return name.ends_with("PROJECT_NAME"); }

std::string edited(const std::string& text, std::vector<TextEdit> edits) {
  std::ranges::sort(edits, {}, &TextEdit::begin);
  std::string result;
  std::size_t done = 0;
  for (const auto& edit : edits) {
    result += text.substr(done, edit.begin - done) + edit.text;
    done = edit.end;
  }
  return result + text.substr(done);
}

std::size_t offset_of(std::string_view text, int line, int column) {
  std::size_t at = 0;
  for (int current = 1; current < line && at != std::string_view::npos; ++current) at = text.find('\n', at) + 1;
  return at + static_cast<std::size_t>(column - 1);
}

class AppAudit {
 public:
  AppAudit(const AppFolder& app, const std::optional<Allocation>& allocation) : app_(app) {
    if (allocation) {
      values_ = values_of(app, *allocation);
      registered_ = {allocation->backend, allocation->frontend};
      for (const auto& lease : allocation->leases) registered_.insert(lease.port);
    }
    result_.root = app.root;
    result_.owner = app.owner;
  }

  AuditedApp run() {
    if (!values_) report_unregistered();
    check_missing_env();
    for (const auto& env : app_.env_files) {
      if (is_usable(env) && !is_same_file_again(env)) check_env(env);
    }
    if (app_.devinit_json && is_usable(*app_.devinit_json) && values_) check_devinit_json(*app_.devinit_json);
    for (const auto& compose : app_.compose_files) {
      if (is_usable(compose)) check_compose(compose);
    }
    return std::move(result_);
  }

 private:
  void report(Fault fault, const std::string& file, int line, std::string message, bool mendable, std::string hint = {}) {
    result_.findings.push_back({fault, file, line, std::move(message), std::move(hint), mendable});
  }

  void report_unregistered() {
    if (!app_.owner) {
      return report(Fault::not_registered, "", 0, "nobody knows which model and app this is", false,
                    "name its folders MODEL/appN, or say it once: devinit -C DIR ports get MODEL APP");
    }
    report(Fault::not_registered, "", 0,
           "the registry has no ports for model " + config::quoted(app_.owner->first) + " app " +
               std::to_string(app_.owner->second),
           false, "devinit ports get MODEL APP gives it its pair, devinit ports import takes over an older list");
  }

  /// A file that is there and cannot be read is told of, and never taken for a missing one.
  bool is_usable(const AppFile& file) {
    if (file.problem.empty()) return true;
    report(Fault::unreadable_file, file.path, 0,
           file.path + " cannot be read: " + (file.problem.starts_with("is ") ? "it " : "") + file.problem, false,
           "devinit mends text files of the app itself, of at most 1 MiB");
    return false;
  }

  /// Mended once, under its first name.
  [[nodiscard]] bool is_same_file_again(const AppFile& env) const {
    const auto first = std::ranges::find(app_.env_files, env.real_path(), &AppFile::real_path);
    return &*first != &env;
  }

  void add_mending(const AppFile& file, std::string content, std::vector<std::string> changes) {
    result_.mendings.push_back({file.path, std::move(content), std::move(changes), file.real_path(), file.text});
  }

  /// A folder with `.env.example`, and the app itself when it has a compose file, needs a `.env`.
  void check_missing_env() {
    for (const auto& example : app_.env_examples) {
      if (app_.env_of(folder_of(example.path)) == nullptr && is_usable(example)) add_env(folder_of(example.path), example);
    }
    const bool has_example = std::ranges::find(app_.env_examples, ".env.example", &AppFile::path) != app_.env_examples.end();
    const bool is_known = has_example || app_.env_of("") != nullptr;
    if (!is_known && !app_.compose_files.empty()) add_env("", {});
  }

  void add_env(const std::string& folder, const AppFile& example) {
    const std::string path = in_folder(folder, ".env");
    std::string text;
    if (values_) {
      const std::string filled = fill(example.text, [&](std::string_view name) { return values_->find(name, path); });
      auto made = with_variables(filled, example.path, values_->env_variables(folder),
                                 folder.empty() ? Missing::append : Missing::leave);
      if (!made) return report_malformed(example, filled);
      text = std::move(*made);
    }
    report(Fault::missing_env, path, 0, "there is no " + path, values_.has_value(), "the app has to be in the registry first");
    if (values_) result_.mendings.push_back({path, std::move(text), {"created"}, path, std::nullopt});
  }

  /// Each mistake of a `.env` in its line.
  void report_malformed(const AppFile& file, const std::string& text) {
    for (const auto& mistake : config::read_env(text, file.path).diagnostics) {
      report(Fault::malformed_file, file.path, mistake.line, mistake.message, false,
             mistake.hint.empty() ? "devinit changes nothing in a file that it does not understand" : mistake.hint);
    }
  }

  /// Compose takes the folder's name for the project unless somebody says another one, and folders are called `app1`
  /// everywhere.
  [[nodiscard]] bool is_required(const std::string& variable) const {
    if (variable != "COMPOSE_PROJECT_NAME") return variable != "PORT";
    return !app_.compose_files.empty() &&
           std::ranges::none_of(app_.compose_files, [](const AppFile& file) { return names_project(file.text); });
  }

  void check_env(const AppFile& env) {
    const auto document = config::read_env(env.text, env.path);
    if (!document.diagnostics.empty()) return report_malformed(env, env.text);
    if (!values_) return;
    const std::string folder = folder_of(env.path);
    Variables wanted;
    std::vector<std::string> changes;
    for (const auto& [name, value] : values_->env_variables(folder)) {
      const auto* entry = find_variable(document.entries, name);
      if (value.empty() || (entry == nullptr && (!folder.empty() || !is_required(name)))) continue;
      const bool mendable = can_be_set(env, document.entries, name, value);
      if (mendable) wanted.emplace_back(name, value);
      if (entry != nullptr && entry->value == value) continue;
      const std::string message = entry != nullptr
                                      ? name + " is " + config::quoted(entry->value) + ", the registry says " + value
                                      : name + " is missing, the registry says " + value;
      report(is_name_variable(name) ? Fault::wrong_name : Fault::wrong_port, env.path, entry != nullptr ? entry->line : 0,
             message, mendable, "its value goes over several lines");
      if (!mendable) continue;
      changes.push_back(entry != nullptr ? name + " " + config::quoted(entry->value) + " → " + value
                                         : name + " added: " + value);
    }
    if (changes.empty()) return;
    auto text = with_variables(env.text, env.path, wanted, Missing::append);
    ASSERT(text.has_value());
    add_mending(env, std::move(*text), std::move(changes));
  }

  /// What goes over several lines is not ours to replace.
  static bool can_be_set(const AppFile& env, const std::vector<config::EnvEntry>& entries, const std::string& name,
                         const std::string& value) {
    return std::ranges::none_of(entries, [&](const config::EnvEntry& entry) {
      return entry.name == name && entry.value != value && spans_lines(env.text, entry);
    });
  }

  void check_devinit_json(const AppFile& file) {
    const auto document = config::parse_json(file.text, file.path, config::Comments::yes);
    const auto* services = document.diagnostics.empty() ? document.value.find("services") : nullptr;
    if (services == nullptr) return;  // what is wrong in it is told by every start
    std::vector<TextEdit> edits;
    std::vector<std::string> changes;
    for (const auto& [name, port] : {std::pair("backend", values_->backend), std::pair("frontend", values_->frontend)}) {
      const auto* number = port_number(*services, name);
      if (number == nullptr || number->text == std::to_string(port)) continue;
      report(Fault::wrong_port, file.path, number->line,
             std::string("the port of ") + name + " is " + number->text + ", the registry says " + std::to_string(port), true);
      const std::size_t begin = offset_of(file.text, number->line, number->column);
      edits.push_back({begin, begin + number->text.size(), std::to_string(port)});
      changes.push_back(std::string(name) + " " + number->text + " → " + std::to_string(port));
    }
    if (!edits.empty()) add_mending(file, edited(file.text, std::move(edits)), std::move(changes));
  }

  /// `"port": 5001` or `"port": {"prefer": 5001}`.
  static const config::JsonValue* port_number(const config::JsonValue& services, std::string_view name) {
    using Kind = config::JsonValue::Kind;
    const auto* service = services.find(name);
    const auto* port = service != nullptr ? service->find("port") : nullptr;
    if (port != nullptr && port->kind == Kind::object) port = port->find("prefer");
    return port != nullptr && port->kind == Kind::number && !port->text.empty() ? port : nullptr;
  }

  void check_compose(const AppFile& compose) {
    const auto values = compose_values(compose.text);
    std::vector<TextEdit> edits;
    std::vector<std::string> changes;
    for (const auto& value : values) {
      if (!value.variable.empty() && is_port_of_app(value.variable)) continue;
      const std::string replacement = replacement_for(value, values);
      report_compose(compose, value, !replacement.empty());
      if (replacement.empty()) continue;
      edits.push_back(edit_for(value, replacement, compose.text));
      changes.push_back(value.service + ": " + config::quoted(value.value) + " → " + replacement);
    }
    if (!edits.empty()) add_mending(compose, edited(compose.text, std::move(edits)), std::move(changes));
  }

  void report_compose(const AppFile& compose, const ComposeValue& value, bool mendable) {
    using Kind = ComposeValue::Kind;
    const std::string owner = value.service.empty() ? "the file" : value.service;
    if (value.kind == Kind::unclear) {
      return report(Fault::unclear_compose, compose.path, value.line,
                    owner + " " + config::quoted(value.value) + ": devinit cannot judge its names and ports", false,
                    "write it out, with variables of .env");
    }
    const bool is_name = value.kind == Kind::container_name;
    const std::string what =
        (is_name ? "the container_name " : "the host port ") + config::quoted(value.value) + " of " + owner;
    report(is_name ? Fault::fixed_container_name : Fault::fixed_port, compose.path, value.line,
           value.variable.empty() ? what + " is fixed: a second app cannot run beside it"
                                  : what + " comes from " + value.variable + ", which .env does not set to a port of this app",
           mendable, "take it from a variable of .env");
  }

  /// The two variables that devinit keeps right, and any other that the app's `.env` sets to a port of its own. What an app
  /// without a registered port sets, or a `.env` says that cannot be read, is not judged.
  [[nodiscard]] bool is_port_of_app(const std::string& variable) const {
    if (variable == "BACKEND_PORT" || variable == "FRONTEND_PORT") return true;
    const auto* env = app_.env_of("");
    if (env == nullptr) return false;
    const auto document = config::read_env(env->text, env->path);
    if (!env->problem.empty() || !document.diagnostics.empty()) return true;
    const auto* entry = find_variable(document.entries, variable);
    if (entry == nullptr || !values_) return entry != nullptr;
    const auto port = parse_port(entry->value);
    return port && registered_.contains(*port);
  }

  const AppFolder& app_;
  std::optional<AppValues> values_;
  std::set<Port> registered_;
  AuditedApp result_;
};

}  // namespace

AppValues values_of(const AppFolder& app, const Allocation& allocation) {
  ASSERT(app.owner.has_value());
  return {allocation.project_name, app.owner->first, app.owner->second, allocation.backend, allocation.frontend, {}};
}

AuditedApp audit_app(const AppFolder& app, const std::optional<Allocation>& allocation) {
  return AppAudit(app, allocation).run();
}

}  // namespace devinit::scaffold
