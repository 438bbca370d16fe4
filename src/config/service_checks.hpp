#pragma once

#include "config/draft.hpp"

namespace devinit::config {

/// What is missing for a service of its kind, and which of its keys make no sense together: judged by the service alone, whose
/// object in the file is `value` and whose name stands at `at`.
void check_service(const JsonValue& value, Position at, const ServiceDraft& target, Mistakes& mistakes);

}  // namespace devinit::config
