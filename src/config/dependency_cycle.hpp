#pragma once

#include <vector>

#include "config/draft.hpp"

namespace devinit::config {

/// Draws every cycle among the `edges` as a path, at the edge that closes it. Takes the services in their order.
void check_cycles(const std::vector<ServiceConfig>& services, const std::vector<Draft::DependencyUse>& edges,
                  Mistakes& mistakes);

}  // namespace devinit::config
