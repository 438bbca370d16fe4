#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/port.hpp"
#include "base/port_set.hpp"

namespace devinit::api {

/// What the registry says to a start. The client asks it before it sends the request, because the supervisor's loop never waits for a
/// database.
struct RegistryView {
  /// An owner of one of the ports that this project prefers.
  struct Neighbour {
    Port port = 0;
    std::string owner;    ///< for people: "project shop (/home/ann/shop), backend"
    bool yields = false;  ///< an idle lease of another project: who names the port may take it over
  };
  /// Where a role's automatic ports come from.
  struct Pool {
    Port start = 0;
    Port step = 1;
    Port end = 65535;
  };

  std::string location;             ///< the DEVINIT_REGISTRY of the child that writes the leases (it may hold a password); empty: none are written
  bool pending = false;             ///< the team's registry is away: `location` stands in for it
  bool ephemeral = false;           ///< of this host: leases end with the run
  std::string repository;           ///< the git folder that the project's worktrees share; empty without git
  PortSet avoid;                    ///< no automatic choice: leased to others, denied, reserved, blocked by browsers, other pools
  Port ephemeral_first = 0;         ///< from here up an automatic choice is worth a warning; 0: not known
  std::vector<Neighbour> neighbours;
  std::map<std::string, Port> own;    ///< this checkout's leases, by role
  std::map<std::string, Pool> pools;  ///< by role

  [[nodiscard]] const Neighbour* neighbour_on(Port port) const noexcept {
    for (const auto& neighbour : neighbours) {
      if (neighbour.port == port) return &neighbour;
    }
    return nullptr;
  }
};

}  // namespace devinit::api
