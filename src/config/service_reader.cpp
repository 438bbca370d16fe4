#include "config/service_reader.hpp"

#include <set>

#include "base/suggest.hpp"
#include "config/presets.hpp"
#include "config/project_path.hpp"
#include "config/spec_reader.hpp"
#include "config/text_encoding.hpp"

namespace devinit::config {
namespace {

using Kind = JsonValue::Kind;

struct ServiceDraft {
  ServiceConfig& service;
  Draft& draft;
  const Preset* preset = nullptr;
  bool pending = false;  ///< of a kind that this version does not act on: what it needs is unknown here
};

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Letters, digits, `-`, `_` (and `.` for services), a letter first: what makes a variable's name and a template.
bool is_plain_name(std::string_view name, bool dots) noexcept {
  return !name.empty() && is_letter(name.front()) && std::all_of(name.begin(), name.end(), [dots](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || (dots && c == '.');
  });
}

enum class KindWord { service, task, scheduled, external };
constexpr std::array kKinds{Word<KindWord>{"service", KindWord::service}, Word<KindWord>{"external", KindWord::external},
                            Word<KindWord>{"task", KindWord::task}, Word<KindWord>{"scheduled", KindWord::scheduled}};

enum class Condition { ready, completed };
// Waiting until ready is never too early for who asks for "started" alone.
constexpr std::array kConditions{Word<Condition>{"ready", Condition::ready}, Word<Condition>{"started", Condition::ready},
                                 Word<Condition>{"completed", Condition::completed},
                                 Word<Condition>{"completed_successfully", Condition::completed}};

void read_kind(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes) {
  const auto kind = read_word(value, "kind", kKinds, mistakes);
  if (kind == KindWord::external) target.service.kind = ServiceKind::external;
  target.pending = kind != KindWord::service && kind != KindWord::external;
  if (kind && target.pending) report_pending(position_of(value), "kind: " + value.text, mistakes);
}

void read_command(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes) {
  const auto note = [&](const std::string& text, Position at) {
    target.draft.templates.push_back({at, target.service.name, text});
  };
  if (value.kind != Kind::array) {
    if (value.kind == Kind::object) {
      mistakes.add(value, "`command` must be a string or an array, not an object");
    } else if (auto text = read_string(value, "command", mistakes)) {
      note(*text, position_of(value));
      target.service.command = std::move(*text);
    }
    return;
  }
  std::vector<std::string> arguments;
  for (const auto& item : value.items) {
    // Only the program must not be empty: an empty argument means something to some programs.
    if (item.kind == Kind::string && (!item.text.empty() || !arguments.empty())) {
      note(item.text, position_of(item));
      arguments.push_back(item.text);
    } else {
      static_cast<void>(read_string(item, "command", mistakes));
    }
  }
  if (value.items.empty()) mistakes.add(value, "`command` must not be an empty array", "the program and its arguments");
  target.service.command = std::move(arguments);
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
        {position_of(prefer != nullptr ? *prefer : value), target.service.name, port_name, *spec.prefer});
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
    const auto [line, column] = value.member_positions[i];
    if (!is_plain_name(name, false)) {
      mistakes.add(Position{line, column}, quoted(name) + " cannot name a port",
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

void read_depends_on(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes) {
  std::set<std::string> seen;
  const auto add = [&](const std::string& name, Position at) {
    if (!seen.insert(name).second) {
      mistakes.add(at, "`depends_on` names " + quoted(name) + " twice");
      return;
    }
    target.service.depends_on.push_back({name});
    target.draft.dependencies.push_back({at, target.service.name, name});
  };
  if (value.kind != Kind::object) {
    for (const auto& [name, at] : read_strings(value, "depends_on", mistakes)) add(name, at);
    return;
  }
  for (std::size_t i = 0; i < value.members.size(); ++i) {
    const auto& [name, item] = value.members[i];
    const auto [line, column] = value.member_positions[i];
    add(name, {line, column});
    const auto condition = read_word(item, "depends_on." + name, kConditions, mistakes);
    if (condition == Condition::completed) report_pending(position_of(item), item.text, mistakes);
  }
}

void read_replicas(const JsonValue& value, ServiceDraft&, Mistakes& mistakes) {
  const auto number = read_integer(value, "replicas", 1, 1000, mistakes);
  if (number && *number != 1) report_pending(position_of(value), "replicas: " + value.text, mistakes);
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
    {"ready", [](const JsonValue& value, ServiceDraft& target, Mistakes& m) { read_ready(value, target.service.ready, m); }},
    {"stop", [](const JsonValue& value, ServiceDraft& target, Mistakes& m) { read_stop(value, target.service.stop, m); }},
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
    {"run", nullptr, Kind::string},
    {"inputs", nullptr, Kind::array},
    {"on_dependency_loss", nullptr, Kind::string},
    {"live", nullptr, Kind::object},
    {"watch", nullptr, Kind::object},
    {"hooks", nullptr, Kind::object},
    {"socket", nullptr, Kind::string},
    {"limits", nullptr, Kind::object},
    {"schedule", nullptr, Kind::string},
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

/// A service of others has nothing that devinit could run, and a port that devinit cannot choose.
void check_external(const ServiceConfig& service, Position at, const JsonValue& value, Mistakes& mistakes) {
  for (const char* key : {"command", "preset"}) {
    if (const JsonValue* member = value.find(key)) {
      mistakes.add(*member, "an external service has no " + quoted(key), "it is run by others and only checked");
    }
  }
  const JsonValue* port = value.find("port");
  if (port == nullptr) {
    mistakes.add(at, "the external service " + quoted(service.name) + " needs a `port`");
  } else if (port->kind == Kind::string && port->text == "auto") {
    mistakes.add(*port, "the port of an external service cannot be \"auto\"", "the number on which others run it");
  } else if (port->kind == Kind::object && port->find("prefer") == nullptr) {
    mistakes.add(*port, "the port of an external service needs `prefer`", "the number on which others run it");
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

void settle_readiness(const JsonValue& value, ServiceConfig& service, Mistakes& mistakes) {
  if (service.port) return;
  const JsonValue* ready = value.find("ready");
  if (ready != nullptr && (ready->kind == Kind::string || ready->find("http") != nullptr)) {
    mistakes.add(*ready, "`ready` of " + quoted(service.name) + " needs a `port`");
  }
  service.ready.kind = ProbeKind::none;
}

void finish(const JsonValue& value, Position at, ServiceDraft& target, Mistakes& mistakes) {
  ServiceConfig& service = target.service;
  const bool runs_elsewhere = target.pending || value.find("compose") != nullptr;
  if (service.kind == ServiceKind::external) {
    check_external(service, at, value, mistakes);
  } else if (target.preset != nullptr) {
    fill_from_preset(value, target);
  } else if (value.find("command") == nullptr && value.find("preset") == nullptr && !runs_elsewhere) {
    mistakes.add(at, quoted(service.name) + " needs a `command` or a `preset`", "\"command\": \"npm run dev\"");
  }
  const bool port_unknown = runs_elsewhere || (value.find("preset") != nullptr && target.preset == nullptr);
  if (!port_unknown) settle_readiness(value, service, mistakes);
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
