#include "config/spec_reader.hpp"

#include <csignal>

#include "config/command_reader.hpp"
#include "config/text_encoding.hpp"

namespace devinit::config {
namespace {

using Kind = JsonValue::Kind;

constexpr std::array kSignals{Word<int>{"SIGTERM", SIGTERM}, Word<int>{"SIGINT", SIGINT},    Word<int>{"SIGQUIT", SIGQUIT},
                              Word<int>{"SIGHUP", SIGHUP},   Word<int>{"SIGKILL", SIGKILL},  Word<int>{"SIGUSR1", SIGUSR1},
                              Word<int>{"SIGUSR2", SIGUSR2}, Word<int>{"SIGWINCH", SIGWINCH}};

constexpr std::array kStopTargets{Word<StopTarget>{"leader", StopTarget::leader}, Word<StopTarget>{"group", StopTarget::group},
                                  Word<StopTarget>{"tree", StopTarget::tree}};

constexpr std::array kPolicies{Word<RestartPolicy>{"on-failure", RestartPolicy::on_failure},
                               Word<RestartPolicy>{"always", RestartPolicy::always},
                               Word<RestartPolicy>{"never", RestartPolicy::never}};

template <class Value>
void assign(Value& target, const std::optional<Value>& value) {
  if (value) target = *value;
}

bool is_one_word(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != '\x7F'; });
}

/// A port specification with the name that its messages use.
struct NamedSpec {
  const std::string& what;
  PortSpec& spec;
};

constexpr std::array<Field<NamedSpec>, 4> kPortFields{{
    {"prefer", [](const JsonValue& value, NamedSpec& port,
                  Mistakes& mistakes) { port.spec.prefer = read_port(value, port.what + ".prefer", mistakes); }},
    {"range", [](const JsonValue& value, NamedSpec& port,
                 Mistakes& mistakes) { port.spec.range = read_port_range(value, port.what + ".range", mistakes); }},
    {"strict", [](const JsonValue& value, NamedSpec& port,
                  Mistakes& mistakes) { assign(port.spec.strict, read_boolean(value, port.what + ".strict", mistakes)); }},
    {"host",
     [](const JsonValue& value, NamedSpec& port, Mistakes& mistakes) {
       assign(port.spec.host, read_string(value, port.what + ".host", mistakes));
       if (!is_one_word(port.spec.host)) mistakes.add(value, quoted(port.what + ".host") + " is no address", "\"127.0.0.1\"");
     }},
}};

constexpr std::array<Field<ServiceDraft>, 4> kStopFields{{
    {"signal", [](const JsonValue& value, ServiceDraft& target,
                  Mistakes& mistakes) { assign(target.service.stop.signal, read_signal(value, "stop.signal", mistakes)); }},
    {"grace",
     [](const JsonValue& value, ServiceDraft& target, Mistakes& mistakes) {
       assign(target.service.stop.grace, read_duration(value, "stop.grace", Millis(0), mistakes));
     }},
    {"to", [](const JsonValue& value, ServiceDraft& target,
              Mistakes& mistakes) { assign(target.service.stop.to, read_word(value, "stop.to", kStopTargets, mistakes)); }},
    {"command",
     [](const JsonValue& value, ServiceDraft& target, Mistakes& mistakes) {
       target.service.stop.command = read_command_value(value, "stop.command", target, mistakes);
     }},
}};

void read_exit_codes(const JsonValue& value, RestartSpec& restart, Mistakes& mistakes) {
  if (value.kind != Kind::array) {
    if (!already_reported(value)) {
      mistakes.add(value, "`restart.never_on` must be an array of exit codes, not " + describe_value(value),
                   "for example [64]");
    }
    return;
  }
  for (const auto& item : value.items) {
    if (const auto code = read_integer(item, "restart.never_on", 0, 255, mistakes)) restart.never_on.push_back(*code);
  }
}

constexpr std::array<Field<RestartSpec>, 3> kRestartFields{{
    {"policy", [](const JsonValue& value, RestartSpec& restart,
                  Mistakes& mistakes) { assign(restart.policy, read_word(value, "restart.policy", kPolicies, mistakes)); }},
    {"max", [](const JsonValue& value, RestartSpec& restart,
               Mistakes& mistakes) { assign(restart.max, read_integer(value, "restart.max", 1, 1000, mistakes)); }},
    {"never_on", read_exit_codes},
}};

void check_never(const JsonValue& value, Mistakes& mistakes) {
  for (const char* key : {"max", "never_on"}) {
    const JsonValue* member = value.find(key);
    if (member == nullptr) continue;
    mistakes.add(*member, quoted("restart." + std::string(key)) + " has no meaning with the policy \"never\"",
                 "it is about being started again");
  }
}

constexpr std::array<Field<LogSpec>, 2> kLogFields{{
    {"max_size", [](const JsonValue& value, LogSpec& log,
                    Mistakes& mistakes) { assign(log.max_size, read_size(value, "log.max_size", mistakes)); }},
    {"keep", [](const JsonValue& value, LogSpec& log,
                Mistakes& mistakes) { assign(log.keep, read_integer(value, "log.keep", 0, 100, mistakes)); }},
}};

void check_range(const JsonValue& value, const std::string& what, const PortSpec& spec, Mistakes& mistakes) {
  if (!spec.prefer || !spec.range || spec.range->contains(*spec.prefer)) return;
  mistakes.add(*value.find("prefer"), quoted(what + ".prefer") + " " + std::to_string(*spec.prefer) +
                                          " lies outside its range " + std::to_string(spec.range->first) + "-" +
                                          std::to_string(spec.range->last));
}

}  // namespace

void read_port_spec(const JsonValue& value, const std::string& what, PortSpec& spec, Mistakes& mistakes) {
  if (value.kind == Kind::object) {
    NamedSpec target{what, spec};
    read_fields(value, kPortFields, target, mistakes);
    check_range(value, what, spec, mistakes);
  } else if (value.kind == Kind::string && value.text == "auto") {
    spec.prefer.reset();
  } else if (value.kind == Kind::string && !parse_port(value.text)) {
    mistakes.add(value, quoted(what) + " must be a number, \"auto\" or an object, not " + describe_value(value));
  } else {
    spec.prefer = read_port(value, what, mistakes);
  }
}

std::optional<int> read_signal(const JsonValue& value, std::string_view what, Mistakes& mistakes) {
  JsonValue full_name = value;  // "TERM" is what kill(1) calls SIGTERM
  if (value.kind == Kind::string && !value.text.empty() && value.text.rfind("SIG", 0) != 0) full_name.text = "SIG" + value.text;
  const bool known =
      std::any_of(kSignals.begin(), kSignals.end(), [&](const auto& word) { return word.text == full_name.text; });
  return read_word(known ? full_name : value, what, kSignals, mistakes);
}

void read_stop(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes) {
  if (expect_object(value, "stop", mistakes)) read_fields(value, kStopFields, target, mistakes);
}

void read_restart(const JsonValue& value, RestartSpec& restart, Mistakes& mistakes) {
  if (value.kind == Kind::object) {
    read_fields(value, kRestartFields, restart, mistakes);
    if (restart.policy == RestartPolicy::never) check_never(value, mistakes);
  } else {
    assign(restart.policy, read_word(value, "restart", kPolicies, mistakes));
  }
}

void read_log(const JsonValue& value, LogSpec& log, Mistakes& mistakes) {
  if (expect_object(value, "log", mistakes)) read_fields(value, kLogFields, log, mistakes);
}

}  // namespace devinit::config
