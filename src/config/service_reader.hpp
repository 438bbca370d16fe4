#pragma once

#include <string>
#include <vector>

#include "config/draft.hpp"
#include "config/environment_reader.hpp"

namespace devinit::config {

/// What the top level of the file gives to every service.
struct SharedEnvironment {
  Environment env;
  std::vector<std::string> env_files;
};

/// Reads one member of `services` (its name stands at `at`) into the draft. Mistakes that need the other services are left to
/// `validate`; the service is added in any case, so that what names it is not reported as well.
void read_service(const std::string& name, Position at, const JsonValue& value, const SharedEnvironment& shared, Draft& draft,
                  Mistakes& mistakes);

}  // namespace devinit::config
