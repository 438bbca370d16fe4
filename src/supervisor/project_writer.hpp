#pragma once

#include <string>
#include <vector>

#include "base/port.hpp"
#include "base/result.hpp"
#include "config/ports_file.hpp"
#include "config/templates.hpp"
#include "engine/operation.hpp"
#include "supervisor/start_context.hpp"

namespace devinit::supervisor {

/// A number in `.ports.json` that devinit itself wrote for a service that is gone from the configuration: it belongs to nobody, and `write` takes
/// it away. What a person has put there stays.
[[nodiscard]] bool is_left_over(const StartContext& context, const std::string& key, Port port);

/// Keeps `.ports.json`, `.env.runtime` and the record of what was written true. Each file is replaced atomically, and only when its text
/// changes; in a read-only project nothing is written.
class ProjectWriter {
 public:
  struct Written {
    std::vector<std::string> warnings;
  };
  /// Whether `write` will refuse: Errc::refused when git tracks `.env.runtime`, or when it is a symbolic link.
  [[nodiscard]] static Result<> check(const StartContext& context);
  /// Writes what `ports` says. `.ports.json` is read again under its lock first, so that an edit of the last moment is not lost. Errc::config
  /// when it has become invalid, Errc::refused when git tracks `.env.runtime`, Errc::io (the old files are intact then).
  [[nodiscard]] Result<Written> write(const StartContext& context, const std::vector<engine::KnownPort>& ports,
                                      const config::PortLookup& lookup);

  /// The server of this port cannot bind behind the fence: remembered for later runs.
  void remember_no_fence(const std::string& key) { no_fence_.push_back(key); }
  [[nodiscard]] bool no_fence(const StartContext& context, const std::string& key) const;

 private:
  [[nodiscard]] Result<> write_ports(const StartContext& context, const std::vector<engine::KnownPort>& ports);
  [[nodiscard]] Result<> write_runtime_env(const StartContext& context, const config::PortLookup& lookup);

  std::vector<std::string> no_fence_;
};

}  // namespace devinit::supervisor
