#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
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
  fixed_port,       ///< compose `ports:` that do not use the variable
  unclear_compose,  ///< something in a compose file that decides about names or ports and cannot be judged
  unreadable_file,
  malformed_file,  ///< a `.env` with mistakes: nobody knows what its author meant, so it is not touched
  not_written,     ///< a mending that could not be made
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
  std::vector<std::string> changes;   ///< one clause each: "BACKEND_PORT 5003 → 5001"
  std::string target;                 ///< what is written: `file`, or where its links lead, inside the app
  std::optional<std::string> before;  ///< the text that was judged; nothing: the file is new
};

struct AuditedApp {
  std::string root;
  std::optional<AppOwner> owner;
  std::vector<Finding> findings;
  std::vector<Mending> mendings;
};

/// What the registry says about (model, app); nothing when it has no ports.
using AllocationOf = std::function<Result<std::optional<Allocation>>(const std::string& model, std::int64_t app)>;

/// Compares apps with the registry, one after the other, and at the end with one another. Changes nothing.
class Audit {
 public:
  explicit Audit(AllocationOf allocation_of) : allocation_of_(std::move(allocation_of)) {}

  /// One app. Errors are the registry's.
  [[nodiscard]] Result<AuditedApp> judge(const AppFolder& app);
  /// Tells the judged apps, given in the order in which they were judged, what two of them share.
  void report_shared(std::vector<AuditedApp>& apps) const;

 private:
  /// Who says in its `.env` that it has a port, or a name.
  struct Claim {
    std::size_t app = 0;
    std::string variable;
    int line = 0;
    bool is_right = false;  ///< the registry says so, too
  };
  using Claims = std::map<std::string, std::vector<Claim>>;
  static void report_shared(const Claims& all, Fault fault, const std::string& what, std::vector<AuditedApp>& apps);

  AllocationOf allocation_of_;
  Claims ports_;
  Claims names_;
  std::size_t judged_ = 0;
};

/// Writes the mendings of an app, each file atomically and durably; modes and links inside the app stay. A file that is not any
/// more what was judged is left alone. What could not be written becomes a finding, and its mending goes: those that remain
/// have been made. False when there was one.
bool mend(AuditedApp& app);

/// Where the registry's apps are.
[[nodiscard]] Result<KnownApps> known_apps(registry::Registry& registry);

}  // namespace devinit::scaffold
