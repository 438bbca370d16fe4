#include "config/service_reader.hpp"

#include "base/suggest.hpp"
#include "config/command_reader.hpp"
#include "config/dependency_reader.hpp"
#include "config/limits_reader.hpp"
#include "config/presets.hpp"
#include "config/probe_reader.hpp"
#include "config/project_path.hpp"
#include "config/service_checks.hpp"
#include "config/spec_reader.hpp"
#include "config/task_reader.hpp"
#include "config/text_encoding.hpp"
#include "config/watch_reader.hpp"

namespace devinit::config {
namespace {

using Kind = JsonValue::Kind;

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Letters, digits, `-`, `_` (and `.` for services), a letter first: what makes a variable's name and a template.
bool is_plain_name(std::string_view name, bool dots) noexcept {
  return !name.empty() && is_letter(name.front()) && std::all_of(name.begin(), name.end(), [dots](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || (dots && c == '.');
  });
}

constexpr std::array kKinds{Word<ServiceKind>{"service", ServiceKind::service}, Word<ServiceKind>{"task", ServiceKind::task},
                            Word<ServiceKind>{"scheduled", ServiceKind::scheduled},
                            Word<ServiceKind>{"external", ServiceKind::external}};

constexpr std::array kSocketPassings{Word<SocketPassing>{"none", SocketPassing::none},
                                     Word<SocketPassing>{"inherit", SocketPassing::inherit}};

void read_kind(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes) {
  const auto kind = read_word(value, "kind", kKinds, mistakes);
  target.kind_unclear = !kind;
  target.service.kind = kind.value_or(ServiceKind::service);
}

void read_command(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes) {
  if (auto command = read_command_value(value, "command", target, mistakes)) target.service.command = std::move(*command);
}

void read_cwd(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes) {
  const auto text = value.kind == Kind::string ? std::optional(value.text) : read_string(value, "cwd", mistakes);
  if (!text) return;
  if (auto path = inside_project(*text)) {
    target.service.cwd = std::move(*path);
  } else {
    mistakes.add(value, "`cwd` " + quoted(*text) + " is not inside the project", "relative to the project's root");
  }
}

/// Reads a port and notes the number that the user named, for the search for ports named twice.
PortSpec read_noted_port(const JsonValue& value, const std::string& port_name, ServiceDraft& target, Mistakes& mistakes) {
  PortSpec spec;
  read_port_spec(value, port_name.empty() ? "port" : "ports." + port_name, spec, mistakes);
  const JsonValue* prefer = value.find("prefer");
  if (spec.prefer) {
    target.draft.named_ports.push_back(
        {position_of(prefer != nullptr ? *prefer : value), target.service.name, port_name, *spec.prefer, spec.range});
  }
  return spec;
}

void read_main_port(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes) {
  target.service.port = read_noted_port(value, "", target, mistakes);
}

void read_further_ports(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes) {
  if (!expect_object(value, "ports", mistakes)) return;
  for (std::size_t i = 0; i < value.members.size(); ++i) {
    const auto& [name, item] = value.members[i];
    if (!is_plain_name(name, false)) {
      mistakes.add(position_of_key(value, i), quoted(name) + " cannot name a port",
                   "letters, digits, `-` and `_`, a letter first");
    }
    target.service.ports.emplace_back(name, read_noted_port(item, name, target, mistakes));
  }
}

void read_service_env(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes) {
  read_env(value, target.draft, target.service.env, mistakes);
  note_templates(value, target.service.name, target.draft);
}

void read_preset(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes) {
  const auto name = read_string(value, "preset", mistakes);
  target.preset = name ? find_preset(*name) : nullptr;
  if (!name || target.preset != nullptr) return;
  const auto near = nearest(*name, preset_names());
  mistakes.add(value, "there is no preset " + quoted(*name), near ? "did you mean \"" + *near + "\"?" : "");
}

void read_replicas(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes) {
  constexpr int kMost = 100;
  const auto number = read_integer(value, "replicas", 1, kMost, mistakes);
  if (number) target.draft.replicas[target.service.name] = *number;
}

void read_socket(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes) {
  const auto passing = read_word(value, "socket", kSocketPassings, mistakes);
  target.service.socket = passing.value_or(SocketPassing::none);
}

void read_tty(const JsonValue& value, ServiceDraft&, Mistakes& mistakes) {
  if (read_boolean(value, "tty", mistakes) == true) report_pending(position_of(value), "tty: true", mistakes);
}

constexpr std::array<Field<ServiceDraft>, 29> kServiceFields{{
    {"kind", read_kind},
    {"command", read_command},
    {"cwd", read_cwd},
    {"port", read_main_port},
    {"ports", read_further_ports},
    {"env", read_service_env},
    {"env_files", [](const JsonValue& value, ServiceDraft& target,
                     Mistakes& mistakes) { read_env_files(value, target.draft, target.service.env_files, mistakes); }},
    {"ready", read_ready},
    {"live", read_live},
    {"stop", read_stop},
    {"restart",
     [](const JsonValue& value, ServiceDraft& target, Mistakes& m) { read_restart(value, target.service.restart, m); }},
    {"log", [](const JsonValue& value, ServiceDraft& target, Mistakes& m) { read_log(value, target.service.log, m); }},
    {"depends_on", read_depends_on},
    {"preset", read_preset},
    {"disabled",
     [](const JsonValue& value, ServiceDraft& target, Mistakes& mistakes) {
       target.service.disabled = read_boolean(value, "disabled", mistakes).value_or(false);
     }},
    {"replicas", read_replicas},
    {"tty", read_tty},
    {"run", read_run},
    {"inputs", read_inputs},
    {"schedule", read_schedule},
    {"on_dependency_loss", read_on_dependency_loss},
    {"watch", read_watch},
    {"hooks", read_hooks},
    {"socket", read_socket},
    {"limits", [](const JsonValue& value, ServiceDraft& target, Mistakes& m) { read_limits(value, target.service.limits, m); }},
    {"compose", nullptr, Kind::string},
    {"services", nullptr, Kind::array},
    {"down", nullptr, Kind::boolean},
    {"required", nullptr, Kind::boolean},
}};

void check_name(const std::string& name, Position at, Mistakes& mistakes) {
  if (!is_plain_name(name, true)) {
    mistakes.add(at, quoted(name) + " cannot name a service", "letters, digits, `-`, `_` and `.`, a letter first");
  } else if (name == "all") {
    mistakes.add(at, "`all` cannot name a service", "it means every service: devinit start all");
  } else if (name == "ports") {
    mistakes.add(at, "`ports` cannot name a service", "{ports.x} means a service's own further port");
  }
}

/// A port that is a range or a host alone leaves the number to the preset.
void fill_from_preset(const JsonValue& value, ServiceDraft& target) {
  ServiceConfig& service = target.service;
  const JsonValue* port = value.find("port");
  const bool number_open = port != nullptr && port->kind == Kind::object && port->find("prefer") == nullptr;
  const std::optional<PortSpec> own = service.port;
  if (number_open) service.port.reset();
  apply_preset(*target.preset, service.cwd, target.draft.files, service);
  if (!number_open) return;
  const auto number = service.port ? service.port->prefer : std::nullopt;
  service.port = own;
  if (!number || (own->range && !own->range->contains(*number))) return;
  service.port->prefer = number;
  service.port->source = PortSource::preset;
}

/// The end of what runs to its end is no reason to run it again, unless the file asks for it.
void settle_restart(const JsonValue& value, ServiceConfig& service) {
  if (service.runs_to_end() && value.find("restart") == nullptr) service.restart.policy = RestartPolicy::never;
}

/// Nobody restarts a service of others; that it is asked is enough.
void settle_live_action(const JsonValue& value, ServiceConfig& service) {
  if (service.kind != ServiceKind::external || !service.live || value.find("live")->find("action") != nullptr) return;
  service.live->action = LiveAction::mark;
}

void finish(const JsonValue& value, Position at, ServiceDraft& target, Mistakes& mistakes) {
  ServiceConfig& service = target.service;
  const bool runs_elsewhere = value.find("compose") != nullptr;  // what that needs is not known here
  if (service.kind == ServiceKind::service && target.preset != nullptr) fill_from_preset(value, target);
  if (runs_elsewhere) return;
  settle_restart(value, service);
  settle_live_action(value, service);
  const bool port_unknown = value.find("preset") != nullptr && target.preset == nullptr;
  if (service.runs_to_end()) {
    service.ready.kind = ProbeKind::none;
  } else if (!port_unknown) {
    settle_probes(value, target, mistakes);
  }
  if (!target.kind_unclear) check_service(value, at, target, mistakes);
}

}  // namespace

void read_service(const std::string& name, Position at, const JsonValue& value, const SharedEnvironment& shared, Draft& draft,
                  Mistakes& mistakes) {
  check_name(name, at, mistakes);
  ServiceConfig service;
  service.name = name;
  service.env = shared.env;
  service.env_files = shared.env_files;
  if (expect_object(value, name, mistakes)) {
    ServiceDraft target{service, draft};
    read_fields(value, kServiceFields, target, mistakes);
    finish(value, at, target, mistakes);
  }
  draft.service_positions.emplace(name, at);
  draft.config.services.push_back(std::move(service));
}

}  // namespace devinit::config
