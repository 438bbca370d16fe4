#pragma once

#include "config/draft.hpp"

namespace devinit::config {

/// "each" or "once".
void read_run(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes);
/// Globs relative to the root.
void read_inputs(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes);
/// "every 15m", or a cron expression.
void read_schedule(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes);

}  // namespace devinit::config
