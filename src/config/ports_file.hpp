#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/port.hpp"
#include "base/result.hpp"
#include "config/project_config.hpp"

namespace devinit::config {

/// `.ports.json`: {"backend": 8001, "frontend": 3000, …}. Every value must be a port, written as a plain decimal number; keys
/// are non-empty, without control characters. All mistakes at once (Errc::config, file:line:column): wrong type, 0, -1, 65536,
/// 3000.5, "3000", true, duplicate keys, syntax. A BOM and CRLF are fine; comments are not. Unknown keys and the order are
/// kept.
struct PortsFile {
  std::vector<std::pair<std::string, Port>> entries;

  [[nodiscard]] std::optional<Port> find(const std::string& key) const noexcept;
  /// Changes the value of an existing key in place, or appends.
  void set(const std::string& key, Port port);
  [[nodiscard]] std::string to_text() const;  ///< two-space indent, trailing newline
};
[[nodiscard]] Result<PortsFile> parse_ports_file(std::string_view text, const std::string& file);

/// What devinit last wrote, so that a number changed by hand is recognised (`.devinit/ports.last.json`).
struct PortsRecord {
  struct Entry {
    Port written = 0;
    std::optional<Port> hand_set;  ///< the user's own number while a fallback stands in the file
    bool no_fence = false;         ///< the server cannot bind behind the fence (no SO_REUSEADDR)
  };
  std::map<std::string, Entry> entries;
  [[nodiscard]] std::string to_text() const;
};
/// A record is written by devinit alone: anything unreadable in it is as good as no record (nothing).
[[nodiscard]] std::optional<PortsRecord> parse_ports_record(std::string_view text);

/// The key of a port in `.ports.json`: the service's name, or "service.port" for a named one.
[[nodiscard]] std::string ports_key(const std::string& service, const std::string& port_name);

/// The port that a service should get first, and why: hand-set in `.ports.json` > `devinit.json` > remembered > the preset's
/// default. `file` and `record` may be null (file missing; record lost: then every number that is not the preset's default is
/// hand-set). `hand_set` ports are preferences from now on and heal back after a fallback; a missing file or key forgets what
/// was remembered. A number that equals `spec.prefer` counts as what it is there (config or preset) unless it was set by hand;
/// a remembered number outside `spec.range` is forgotten.
struct PortChoice {
  std::optional<Port> port;  ///< nothing: automatic
  PortSource source;
  std::optional<PortRange> range;
  bool strict = false;
  bool whole_range = false;
};
[[nodiscard]] PortChoice choose_port(const PortSpec& spec, const std::string& key, const PortsFile* file,
                                     const PortsRecord* record);

}  // namespace devinit::config
