#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "registry/registry.hpp"
#include "scaffold/app_values.hpp"

namespace devinit::scaffold {

/// What the registry says about an app.
struct Allocation {
  std::string project_name;
  Port backend = 0;
  Port frontend = 0;
  bool created = false;                 ///< at least one port is new
  std::string checkout;                 ///< where the registry believed its files before; empty: nowhere
  std::vector<registry::Lease> leases;  ///< all of its ports; of `allocate` and `find_allocation`
};

/// The two roles that a scaffolded app has.
inline constexpr const char* kBackendRole = "backend";
inline constexpr const char* kFrontendRole = "frontend";

/// The app's ports and its project name, for ever from now on. `request` has grids for both roles. Where its files are is not
/// noted: that is true only once they are there (`Registry::set_checkout`). Errors are the registry's.
[[nodiscard]] Result<Allocation> allocate(registry::Registry& registry, registry::AppRequest request,
                                          const registry::PortPolicy& policy);

/// What `allocate` would answer now, without changing anything. A registry that can only be read is enough; then a new app's
/// name is the preferred one, which somebody else may have.
[[nodiscard]] Result<Allocation> preview(registry::Registry& registry, const registry::AppRequest& request,
                                         const registry::PortPolicy& policy);

/// What is known of an app; nothing when it lacks one of the two ports. `project_name` is empty when it has none yet and cannot
/// get one.
[[nodiscard]] Result<std::optional<Allocation>> find_allocation(registry::Registry& registry, const std::string& model,
                                                                std::int64_t app);

}  // namespace devinit::scaffold
