#include "scaffold/app_audit.hpp"

#include <algorithm>

#include "config/json_reader.hpp"
#include "config/text_encoding.hpp"
#include "scaffold/compose_file.hpp"
#include "scaffold/placeholder.hpp"

namespace devinit::scaffold {
namespace {

std::string folder_of(const std::string& path) {
  const auto slash = path.find_last_of('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

std::string in_folder(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

bool is_name_variable(const std::string& name) { return name.ends_with("PROJECT_NAME"); }

/// Something in a text that is to be replaced.
struct Edit {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string text;
};

/// `edits` in the order of the text.
std::string edited(const std::string& text, const std::vector<Edit>& edits) {
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
    if (allocation) values_ = values_of(app, *allocation);
    result_.root = app.root;
    result_.owner = app.owner;
  }

  AuditedApp run() {
    if (!values_) report_unregistered();
    check_missing_env();
    if (values_) {
      for (const auto& env : app_.env_files) check_env(env);
      if (app_.devinit_json) check_devinit_json(*app_.devinit_json);
    }
    for (const auto& compose : app_.compose_files) check_compose(compose);
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

  /// A folder with `.env.example`, and the app itself when it has a compose file, needs a `.env`.
  void check_missing_env() {
    for (const auto& example : app_.env_examples) add_env(folder_of(example.path), example.text);
    const bool has_example =
        std::ranges::any_of(app_.env_examples, [](const AppFile& file) { return folder_of(file.path).empty(); });
    if (!has_example && !app_.compose_files.empty()) add_env("", "");
  }

  void add_env(const std::string& folder, const std::string& example) {
    if (app_.env_of(folder) != nullptr) return;
    const std::string path = in_folder(folder, ".env");
    report(Fault::missing_env, path, 0, "there is no " + path, values_.has_value(), "the app has to be in the registry first");
    if (!values_) return;
    const std::string text = fill(example, [&](std::string_view name) { return values_->find(name, path); });
    result_.mendings.push_back(
        {path,
         with_variables(text, values_->env_variables(folder), folder.empty() ? Missing::append : Missing::leave),
         {"created"}});
  }

  /// Compose takes the folder's name for the project unless somebody says another one, and folders are called `app1`
  /// everywhere.
  [[nodiscard]] bool is_required(const std::string& variable) const {
    if (variable != "COMPOSE_PROJECT_NAME") return variable != "PORT";
    return !app_.compose_files.empty() &&
           std::ranges::none_of(app_.compose_files, [](const AppFile& file) { return names_project(file.text); });
  }

  void check_env(const AppFile& env) {
    const std::string folder = folder_of(env.path);
    Variables wanted;
    std::vector<std::string> changes;
    for (const auto& [name, value] : values_->env_variables(folder)) {
      const auto entry = find_variable(env.text, name);
      if (value.empty() || (!entry && (!folder.empty() || !is_required(name)))) continue;
      wanted.emplace_back(name, value);
      if (entry && entry->value == value) continue;
      const std::string message = entry ? name + " is " + config::quoted(entry->value) + ", the registry says " + value
                                        : name + " is missing, the registry says " + value;
      report(is_name_variable(name) ? Fault::wrong_name : Fault::wrong_port, env.path, entry ? entry->line : 0, message, true);
      changes.push_back(entry ? name + " " + config::quoted(entry->value) + " → " + value : name + " added: " + value);
    }
    if (!changes.empty())
      result_.mendings.push_back({env.path, with_variables(env.text, wanted, Missing::append), std::move(changes)});
  }

  void check_devinit_json(const AppFile& file) {
    const auto document = config::parse_json(file.text, file.path, config::Comments::yes);
    const auto* services = document.diagnostics.empty() ? document.value.find("services") : nullptr;
    if (services == nullptr) return;  // what is wrong in it is told by every start
    std::vector<Edit> edits;
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
    std::ranges::sort(edits, {}, &Edit::begin);
    if (!edits.empty()) result_.mendings.push_back({file.path, edited(file.text, edits), std::move(changes)});
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
    const auto fixed = fixed_values(compose.text);
    std::vector<Edit> edits;
    std::vector<std::string> changes;
    for (const auto& value : fixed) {
      const bool is_name = value.kind == FixedValue::Kind::container_name;
      const std::string replacement = replacement_for(value, fixed);
      report(is_name ? Fault::fixed_container_name : Fault::fixed_port, compose.path, value.line,
             (is_name ? "the container_name " : "the host port ") + config::quoted(value.value) + " of " + value.service +
                 " is fixed: a second app cannot run beside it",
             !replacement.empty(), "take it from a variable of .env");
      if (replacement.empty()) continue;
      edits.push_back({value.begin, value.end, replacement});
      changes.push_back(value.service + ": " + config::quoted(value.value) + " → " + replacement);
    }
    if (!edits.empty()) result_.mendings.push_back({compose.path, edited(compose.text, edits), std::move(changes)});
  }

  const AppFolder& app_;
  std::optional<AppValues> values_;
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
