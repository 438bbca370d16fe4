#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "registry/registry.hpp"
#include "scaffold/allocation.hpp"
#include "scaffold/app_folder.hpp"

namespace devinit::scaffold {

enum class Fault {
  not_registered,  ///< the registry has no ports for it: nothing can be compared
  missing_env,
  wrong_port,   ///< a port that is not the registry's
  wrong_name,   ///< a project name that is not the registry's
  shared_port,  ///< two apps with one port
  shared_name,  ///< two apps with one project name
  fixed_container_name,
  fixed_port,  ///< compose `ports:` that do not use the variable
};
/// "missing_env" …: for JSON.
[[nodiscard]] const char* to_string(Fault fault) noexcept;

struct Finding {
  Fault fault = Fault::not_registered;
  std::string file;  ///< relative to the app; empty: the app as a whole
  int line = 0;      ///< 0: the file as a whole
  std::string message;
  std::string hint;  ///< for those that `mend` leaves
  bool mendable = false;
};

/// A file that mends one or several findings.
struct Mending {
  std::string file;
  std::string content;
  std::vector<std::string> changes;  ///< one clause each: "BACKEND_PORT 5003 → 5001"
};

struct AuditedApp {
  std::string root;
  std::optional<std::pair<std::string, std::int64_t>> owner;
  std::vector<Finding> findings;
  std::vector<Mending> mendings;
};

/// What the registry says about (model, app); nothing when it has no ports.
using AllocationOf = std::function<Result<std::optional<Allocation>>(const std::string& model, std::int64_t app)>;
/// Compares the apps with the registry and with one another; changes nothing.
[[nodiscard]] Result<std::vector<AuditedApp>> audit(const std::vector<AppFolder>& apps, const AllocationOf& allocation_of);

/// Writes the mendings of an app, each file atomically; modes and links inside the app stay.
[[nodiscard]] Result<> mend(const AuditedApp& app);

/// Where the registry's apps are.
[[nodiscard]] Result<KnownApps> known_apps(registry::Registry& registry);

}  // namespace devinit::scaffold
