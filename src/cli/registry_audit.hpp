#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "registry/registry.hpp"

namespace devinit::cli {

/// Something that is not as it should be between the registry, the files of checkouts and the kernel.
struct Finding {
  enum class Kind {
    registry,       ///< the database contradicts itself
    duplicate,      ///< files of two checkouts name one port, or `.ports.json` names it for two roles
    stranger,       ///< somebody else listens on a leased port
    dead_checkout,  ///< the folder of a lease is gone
    disagreement,   ///< a file names another port than the registry
    unreadable,     ///< a file that cannot be read as what it is
  };
  /// What `check --fix` may do about it without asking.
  enum class Mend { nothing, rebuild, release_project, follow_file };

  Kind kind = Kind::registry;
  std::optional<Port> port;
  std::string where;  ///< "FILE:LINE", a folder, or "port 5001"
  std::string what;   ///< what is wrong, and why that is wrong
  std::string todo;   ///< what a person can do
  Mend mend = Mend::nothing;
  std::string root;   ///< the project that `mend` is about
  std::string role;   ///< follow_file: whose lease becomes `port`
};
[[nodiscard]] const char* to_string(Finding::Kind kind) noexcept;

struct AuditReport {
  std::vector<Finding> findings;  ///< by kind, in the order above
  std::size_t leases = 0;
  std::size_t checkouts = 0;
};
/// Looks at everything of this host; changes nothing.
[[nodiscard]] Result<AuditReport> audit(registry::Registry& registry);

/// Does what is safe about `findings`: the registry's own derived data is made anew, leases of projects that are gone are released, the
/// lease of a stopped project follows its `.ports.json` where that port is nobody else's. Nothing is killed and no file is
/// written. One sentence for each deed; what could not be done is found again by the next `audit`.
[[nodiscard]] Result<std::vector<std::string>> mend(registry::Registry& registry, const std::vector<Finding>& findings);

}  // namespace devinit::cli
