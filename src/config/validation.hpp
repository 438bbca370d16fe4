#pragma once

#include "config/draft.hpp"

namespace devinit::config {

/// Everything that needs the whole file: variables that two services would share, unknown or cyclic dependencies (drawn as a
/// path) and conditions that never come true, ports named twice (also by replicas), profiles and watches that name nobody, templates that
/// name no port.
void validate(const Draft& draft, Mistakes& mistakes);

}  // namespace devinit::config
