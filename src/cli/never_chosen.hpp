#pragma once

#include <string>
#include <vector>

#include "base/port.hpp"
#include "config/port_rules.hpp"

namespace devinit::cli {

/// Why a search passes over the ports `avoided` (ascending), for people: "80-81 (privileged), 6000 (blocked by browsers)". What neither
/// this machine, `rules`, `reserved` (by the administrator) nor browsers exclude is somebody's lease. Empty for none.
[[nodiscard]] std::string never_chosen(const std::vector<Port>& avoided, const config::PortRules& rules,
                                       const std::vector<PortRange>& reserved);

}  // namespace devinit::cli
