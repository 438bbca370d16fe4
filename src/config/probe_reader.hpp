#pragma once

#include "config/draft.hpp"

namespace devinit::config {

/// "port", "notify", or an object with at most one kind of probe: {http, status, headers}, {exec}, {log}, {notify}, {file} or
/// {delay}, and how often it is asked: {initial_delay, timeout, period, success_threshold, failure_threshold, deadline}.
/// Without a kind it is the port.
void read_ready(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes);
/// The same without `log`, `delay` and `deadline`, and with {action}.
void read_live(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes);

/// Once the service's port is known: a probe that needs one, and `ready` of a service that has none.
void settle_probes(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes);

}  // namespace devinit::config
