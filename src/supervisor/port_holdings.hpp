#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/port.hpp"
#include "base/port_set.hpp"
#include "base/result.hpp"
#include "engine/port_planner.hpp"
#include "ports/claim.hpp"

namespace devinit::supervisor {

/// The claims (token and fence) of all services of the project. The kernel gives them back when the supervisor ends, however it ends.
class PortHoldings {
 public:
  /// Claims the first free port of the search and remembers it for the service. `tries` of 1 with `first` == `last` is an attempt at
  /// one port. The outcome says who was in the way.
  [[nodiscard]] engine::ClaimOutcome claim(const std::string& service, const std::string& port_name, Port first, Port last, int tries,
                                           const PortSet& avoid);
  /// Takes over a port that the service itself has bound already: only the token is to be had.
  void adopt(const std::string& service, const std::string& port_name, Port port);

  /// Lets the service bind its ports. `fenced` false: it is a server that cannot bind behind the fence.
  void open(const std::string& service, bool fenced);
  [[nodiscard]] bool holds(const std::string& service, const std::string& port_name) const;
  /// Keeps everybody out. The ports of the service that a stranger has taken meanwhile (port name, port).
  [[nodiscard]] std::vector<std::pair<std::string, Port>> close(const std::string& service);
  /// The socket that listens on the service's main port at `host` (empty: 127.0.0.1), for the service to inherit. It stays ours and stays open
  /// until `release`, or until a run after `relieve` has its successor: no restart refuses a connection. Nobody but the service serves it; the fence may stay closed. Errc::failed when the service
  /// has no port, else as os::listen_tcp.
  [[nodiscard]] Result<int> listening_socket(const std::string& service, const std::string& host);
  /// The main port of the service and its socket, if it inherits one.
  struct Inherited {
    Port port = 0;
    std::uint64_t listener = 0;  ///< inode
  };
  [[nodiscard]] std::optional<Inherited> inherited(const std::string& service) const;
  /// ports::Claim::relieve_listener, for a service with an inherited socket.
  [[nodiscard]] Result<> relieve(const std::string& service);
  void release(const std::string& service);
  void release(const std::string& service, const std::string& port_name);

 private:
  std::map<std::string, std::map<std::string, ports::Claim>> claims_;
};

}  // namespace devinit::supervisor
