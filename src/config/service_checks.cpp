#include "config/service_checks.hpp"

#include "config/text_encoding.hpp"

namespace devinit::config {
namespace {

using Kind = JsonValue::Kind;

/// A key that says nothing about a service of some kind.
struct Misfit {
  std::string_view key;
  std::string_view hint;
};

constexpr std::string_view kOthers = "it is run by others and only checked";
constexpr std::array kExternalMisfits{
    Misfit{"command", kOthers}, Misfit{"preset", kOthers},   Misfit{"run", kOthers},
    Misfit{"inputs", kOthers},  Misfit{"schedule", kOthers}, Misfit{"depends_on", kOthers},
    Misfit{"stop", kOthers},    Misfit{"restart", kOthers},  Misfit{"on_dependency_loss", kOthers},
    Misfit{"watch", kOthers},   Misfit{"hooks", kOthers},    Misfit{"socket", kOthers},
    Misfit{"limits", kOthers},  Misfit{"log", kOthers},
};

constexpr std::string_view kEnds = "it runs to its end";
constexpr std::array kTaskMisfits{
    Misfit{"ready", "it is ready when it has completed"},
    Misfit{"live", kEnds},
    Misfit{"socket", kEnds},
    Misfit{"preset", "presets are of servers"},
    Misfit{"watch", "the `watch` of a service can run it: \"action\": its name"},
    Misfit{"schedule", "\"kind\": \"scheduled\" runs at its times"},
};
constexpr std::array kScheduledMisfits{
    Misfit{"ready", kEnds},
    Misfit{"live", kEnds},
    Misfit{"socket", kEnds},
    Misfit{"preset", "presets are of servers"},
    Misfit{"watch", "it runs at its times"},
    Misfit{"run", "it runs at its times"},
    Misfit{"inputs", "it runs at its times"},
};
constexpr std::array kServiceMisfits{
    Misfit{"run", "\"kind\": \"task\" runs to its end"},
    Misfit{"inputs", "\"kind\": \"task\" runs to its end"},
    Misfit{"schedule", "\"kind\": \"scheduled\" runs at its times"},
};

/// "an external service", "a task": the subject of a message.
const char* subject(ServiceKind kind) {
  switch (kind) {
    case ServiceKind::service:
      return "a service";
    case ServiceKind::task:
      return "a task";
    case ServiceKind::scheduled:
      return "a scheduled task";
    case ServiceKind::external:
      return "an external service";
  }
  return "a service";
}

template <std::size_t N>
void check_misfits(const JsonValue& value, ServiceKind kind, const std::array<Misfit, N>& misfits, Mistakes& mistakes) {
  for (const auto& misfit : misfits) {
    const JsonValue* member = value.find(misfit.key);
    if (member == nullptr) continue;
    mistakes.add(*member, std::string(subject(kind)) + " has no " + quoted(misfit.key), std::string(misfit.hint));
  }
}

void check_keys_of_kind(const JsonValue& value, ServiceKind kind, Mistakes& mistakes) {
  switch (kind) {
    case ServiceKind::service:
      return check_misfits(value, kind, kServiceMisfits, mistakes);
    case ServiceKind::task:
      return check_misfits(value, kind, kTaskMisfits, mistakes);
    case ServiceKind::scheduled:
      return check_misfits(value, kind, kScheduledMisfits, mistakes);
    case ServiceKind::external:
      return check_misfits(value, kind, kExternalMisfits, mistakes);
  }
}

void check_command(const JsonValue& value, Position at, const ServiceConfig& service, Mistakes& mistakes) {
  const bool by_preset = service.kind == ServiceKind::service && value.find("preset") != nullptr;
  if (value.find("command") != nullptr || by_preset) return;
  if (service.kind == ServiceKind::service) {
    mistakes.add(at, quoted(service.name) + " needs a `command` or a `preset`", "\"command\": \"npm run dev\"");
  } else {
    mistakes.add(at, quoted(service.name) + " needs a `command`", "\"command\": \"make report\"");
  }
}

/// A service of others has a port that devinit cannot choose, or another sign of life.
void check_external(const JsonValue& value, Position at, const ServiceConfig& service, Mistakes& mistakes) {
  const ProbeKind probe = service.ready.kind;
  const JsonValue* port = value.find("port");
  if (port == nullptr && probe != ProbeKind::exec && probe != ProbeKind::file) {
    mistakes.add(at, "the external service " + quoted(service.name) + " needs a `port`",
                 "or a `ready` that can do without: `exec` or `file`");
  } else if (port != nullptr && port->kind == Kind::string && port->text == "auto") {
    mistakes.add(*port, "the port of an external service cannot be \"auto\"", "the number on which others run it");
  } else if (port != nullptr && port->kind == Kind::object && port->find("prefer") == nullptr) {
    mistakes.add(*port, "the port of an external service needs `prefer`", "the number on which others run it");
  }
  if (probe == ProbeKind::log || probe == ProbeKind::notify || probe == ProbeKind::delay) {
    mistakes.add(*value.find("ready"), "an external service cannot be asked in this way", "\"port\", `http`, `exec` or `file`");
  }
  const JsonValue* live = value.find("live");
  if (live == nullptr) return;
  if (service.live->probe.kind == ProbeKind::notify) {
    mistakes.add(*live, "an external service cannot be asked in this way", "\"port\", `http`, `exec` or `file`");
  } else if (service.live->action == LiveAction::restart && live->find("action") != nullptr) {
    mistakes.add(*live->find("action"), "an external service cannot be restarted", "\"mark\"");
  }
}

void check_task(const JsonValue& value, Position at, const ServiceConfig& service, Mistakes& mistakes) {
  if (service.kind == ServiceKind::scheduled && value.find("schedule") == nullptr) {
    mistakes.add(at, "the scheduled task " + quoted(service.name) + " needs a `schedule`", "\"0 3 * * *\" or \"every 15m\"");
  }
  const JsonValue* inputs = value.find("inputs");
  if (inputs != nullptr && service.kind == ServiceKind::task && service.run == TaskRun::each) {
    mistakes.add(*inputs, "`inputs` needs `\"run\": \"once\"`", "a task that runs at each start asks for no reason");
  }
  const JsonValue* restart = value.find("restart");
  if (restart != nullptr && service.restart.policy == RestartPolicy::always) {
    mistakes.add(*restart, std::string(subject(service.kind)) + " cannot be restarted always", "\"on-failure\" or \"never\"");
  }
}

void check_replicas(const JsonValue& value, const ServiceConfig& service, Mistakes& mistakes) {
  const JsonValue* replicas = value.find("replicas");
  if (replicas == nullptr || service.kind == ServiceKind::service) return;
  mistakes.add(*replicas, std::string(subject(service.kind)) + " has no `replicas`", "only a service has");
}

void check_socket(const JsonValue& value, const ServiceConfig& service, Mistakes& mistakes) {
  if (service.socket == SocketPassing::none || service.port || value.find("preset") != nullptr) return;
  mistakes.add(*value.find("socket"), "`socket` of " + quoted(service.name) + " needs a `port`",
               "the socket that is passed on is bound to it");
}

void check_dependency_loss(const JsonValue& value, const ServiceConfig& service, Mistakes& mistakes) {
  const JsonValue* loss = value.find("on_dependency_loss");
  if (loss == nullptr || value.find("depends_on") != nullptr || service.kind == ServiceKind::external) return;
  mistakes.add(*loss, "`on_dependency_loss` needs `depends_on`");
}

}  // namespace

void check_service(const JsonValue& value, Position at, const ServiceDraft& target, Mistakes& mistakes) {
  const ServiceConfig& service = target.service;
  check_keys_of_kind(value, service.kind, mistakes);
  check_replicas(value, service, mistakes);
  check_dependency_loss(value, service, mistakes);
  if (service.kind == ServiceKind::external) {
    check_external(value, at, service, mistakes);
    return;
  }
  check_command(value, at, service, mistakes);
  if (service.runs_to_end()) {
    check_task(value, at, service, mistakes);
  } else {
    check_socket(value, service, mistakes);
  }
}

}  // namespace devinit::config
