#pragma once

#include "config/draft.hpp"

namespace devinit::config {

/// An array of names (each has to be ready), or an object of names and conditions.
void read_depends_on(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes);
/// "keep", "restart" or "stop".
void read_on_dependency_loss(const JsonValue& value, ServiceDraft& target, Mistakes& mistakes);

}  // namespace devinit::config
