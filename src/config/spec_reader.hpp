#pragma once

#include <string>

#include "config/draft.hpp"

namespace devinit::config {

// Readers of the parts of a service that need next to nothing but themselves. Each leaves what the file does not say as it was, and
// reports every mistake; `value` is the value of the key.

/// A number, "auto", or {prefer, range, strict, host}. `what` is "port" or "ports.NAME".
void read_port_spec(const JsonValue& value, const std::string& what, PortSpec& spec, Mistakes& mistakes);
/// "SIGTERM" or "TERM".
[[nodiscard]] std::optional<int> read_signal(const JsonValue& value, std::string_view what, Mistakes& mistakes);
/// {signal, grace, to, command}.
void read_stop(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes);
/// "on-failure" | "always" | "never", or {policy, max, never_on}.
void read_restart(const JsonValue& value, RestartSpec& restart, Mistakes& mistakes);
/// {max_size, keep}.
void read_log(const JsonValue& value, LogSpec& log, Mistakes& mistakes);

}  // namespace devinit::config
