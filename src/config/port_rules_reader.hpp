#pragma once

#include "config/field_reader.hpp"
#include "config/port_rules.hpp"

namespace devinit::config {

/// Reads the object "ports" of devinit.json and of the user's configuration into `rules`, and reports every mistake in it: also pools that
/// overlap, and apps or ports that are named twice.
void read_port_rules(const JsonValue& value, PortRules& rules, Mistakes& mistakes);

}  // namespace devinit::config
