#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/port.hpp"

namespace devinit::registry {

/// Seconds since 1970: the only wall clock in devinit, and nothing but the 30 days of an unused lease depends on it.
using Seconds = std::int64_t;

enum class OwnerKind {
  project,   ///< a checkout that is started by devinit
  app,       ///< a generated app: (model, app number); ends only by `release`
  reserved,  ///< `ports reserve`; ends only by `release`
};
[[nodiscard]] const char* to_string(OwnerKind kind) noexcept;
[[nodiscard]] std::optional<OwnerKind> owner_kind_from(std::string_view name) noexcept;

/// Who a port belongs to; with the host, the key of a lease besides its port.
struct Owner {
  OwnerKind kind = OwnerKind::project;
  std::string name;           ///< project: the real path of its root; app: the model; reserved: what it is reserved for
  std::int64_t instance = 0;  ///< app: the app number; reserved: the port; project: 0
  std::string role;           ///< "backend", "frontend", "backend.metrics"; of `devinit run`: "run:NAME"
  bool operator==(const Owner&) const = default;
};

/// A process that proves that a lease is in use: the project's supervisor.
struct LiveProcess {
  std::int64_t pid = 0;
  std::int64_t start_ticks = 0;
  std::string boot_id;
  bool operator==(const LiveProcess&) const = default;
};

/// One port of one host, and whose it is.
struct Lease {
  Port port = 0;
  Owner owner;
  std::string label;         ///< project: its name; else empty
  std::string checkout;      ///< the folder that its files are in; empty when not known
  std::string repository;    ///< project: the git folder that its worktrees share; empty without git
  std::optional<LiveProcess> live;
  Seconds created = 0;
  Seconds last_used = 0;
  std::string pool;          ///< "default", or the name of a configured pool; projects: empty
  bool pending = false;      ///< taken while the team's registry could not be reached, and not yet known there
  std::string host{};        ///< `Host::id` of the machine whose port it is
};

/// "project shop (/home/ann/shop), backend", "model gpt-5 app 12, frontend", "reserved for legacy": whose a lease is, for people. Control
/// characters are for the caller to replace.
[[nodiscard]] std::string describe(const Lease& lease);

}  // namespace devinit::registry
