#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/port.hpp"
#include "base/port_set.hpp"
#include "base/result.hpp"
#include "registry/grid.hpp"
#include "registry/lease.hpp"

namespace devinit::registry {

/// One (model, app number) that needs a port for each grid. MODEL: UTF-8, 1 to 200 bytes, no control characters; app: 1 or more.
struct AppRequest {
  std::string model;
  std::int64_t app = 1;
  std::vector<Grid> grids;
  std::map<std::string, Port> preconfigured;  ///< by role: comes before the grid when it is free
  std::string checkout;                       ///< of all leases of the app; empty: as it is
};
[[nodiscard]] Result<> check_model(std::string_view model);

struct AppPorts {
  std::vector<Lease> leases;  ///< one a grid, in their order
  bool created = false;       ///< at least one of them is new
};

/// A checkout that `devinit start` works for.
struct Checkout {
  std::string root;        ///< real path
  std::string name;        ///< of the project
  std::string repository;  ///< the git folder that its worktrees share; empty without git
};

/// What a start must know before it chooses ports.
struct Neighbours {
  PortSet taken;                    ///< ports of other owners on this host whose leases are in force: reclaimable ones are left out
  std::map<Port, Lease> others;     ///< whose they are, of those that were asked about
  std::map<std::string, Port> own;  ///< this checkout's leases by role
};

/// A port that a service of a checkout has got.
struct WantedLease {
  std::string role;
  Port port = 0;
  bool named = false;  ///< its number was set by hand or in devinit.json: it may take an idle lease over
};
struct LeaseReport {
  std::vector<Lease> taken_over;  ///< idle leases of others that ended by this, reclaimable ones among them
  std::vector<Lease> refused;     ///< leases in force that stay: the port has two users, which its owner should know
};

struct Filter {
  std::optional<OwnerKind> kind{};
  std::string name{};                 ///< exactly this model, root or reservation; empty: all
  std::optional<std::int64_t> app{};
  std::string role{};
  std::string pool{};
  std::optional<PortRange> ports{};
  bool all_hosts = false;
};

/// One row of `ports import`.
struct ImportRow { std::string model; std::int64_t app = 0; std::string role; Port port = 0; int row = 0; };
/// Ports that the same list sets aside for somebody.
struct ImportReservation { std::string name; PortRange range; };
struct ImportReport { std::size_t added = 0; std::size_t known = 0; std::vector<std::string> conflicts; };

}  // namespace devinit::registry
