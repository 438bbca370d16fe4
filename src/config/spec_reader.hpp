#pragma once

#include <string>

#include "config/field_reader.hpp"
#include "config/project_config.hpp"

namespace devinit::config {

// Readers of the parts of a service that need nothing but themselves. Each leaves what the file does not say as it was, and
// reports every mistake; `value` is the value of the key.

/// A number, "auto", or {prefer, range, strict, host}. `what` is "port" or "ports.NAME".
void read_port_spec(const JsonValue& value, const std::string& what, PortSpec& spec, Mistakes& mistakes);
/// "port", or {http, status, timeout, period, deadline}.
void read_ready(const JsonValue& value, ProbeSpec& ready, Mistakes& mistakes);
/// {signal, grace, to}.
void read_stop(const JsonValue& value, StopSpec& stop, Mistakes& mistakes);
/// "on-failure" | "always" | "never", or {policy, max, never_on}.
void read_restart(const JsonValue& value, RestartSpec& restart, Mistakes& mistakes);
/// {max_size, keep}.
void read_log(const JsonValue& value, LogSpec& log, Mistakes& mistakes);

}  // namespace devinit::config
