#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/duration.hpp"
#include "supervisor/probe_target.hpp"
#include "supervisor/service_listeners.hpp"

namespace devinit::supervisor {

/// Tells whose the listeners of this machine are, for services that are not up yet: a listening socket on the service's port whose inode is held by
/// a process of its own tree proves that it listens. Somebody else on the port proves nothing.
class PortProof {
 public:
  enum class Verdict {
    nobody,     ///< no news
    ours,       ///< `detail`: empty, or a remark ("unproven: …")
    foreign,    ///< a process that is not of the service listens on its port; told once
    elsewhere,  ///< it has listened on `port` and on none of its own ports for a while
  };
  struct Finding {
    Verdict verdict = Verdict::nobody;
    std::string detail = {};
    Port port = 0;
  };

  /// Nobody's proof is looked for: time to `remember` the listeners of others.
  [[nodiscard]] bool idle() const noexcept { return claims_.empty(); }
  /// These were there before the services that follow.
  void remember(const ListenerTable& listeners);

  /// `target` has a guardian and a port.
  void begin(const ProbeTarget& target);
  void expect(const std::string& service, Port port);
  void end(const std::string& service);

  /// Looks at listeners that appeared since the last time and are on nobody's own port: whose are they? Once for each new table.
  void find_strays(const ListenerTable& listeners, TimePoint now);
  /// What the table says about one service that `begin` was called for.
  [[nodiscard]] Finding examine(const std::string& service, const ListenerTable& listeners, TimePoint now);

  /// Why there is no proof, as the table has it: "it listens on port 3001 instead", "another process listens on port 3000"; empty: nobody does.
  [[nodiscard]] std::string obstacle(const std::string& service, const ListenerTable& listeners) const;

 private:
  struct Claim {
    Port port;
    std::vector<Port> named_ports;
    pid_t guardian;
    std::optional<Port> elsewhere = {};  ///< listens there instead
    TimePoint elsewhere_since{};
    bool foreign_told = false;
    TimePoint last_look{};               ///< at the owners of its port
  };
  [[nodiscard]] Finding examine_holders(Claim& claim, const ListenerTable& listeners,
                                        const std::vector<std::uint64_t>& inodes);
  [[nodiscard]] static Finding settled_elsewhere(Claim& claim, const ListenerTable& listeners, TimePoint now);
  [[nodiscard]] bool is_expected(Port port) const;

  std::map<std::string, Claim> claims_;
  std::set<std::uint64_t> known_inodes_;  ///< listeners that were there before, or have been looked at
};

}  // namespace devinit::supervisor
