#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/port.hpp"
#include "base/port_set.hpp"
#include "os/process.hpp"
#include "os/sockets.hpp"

namespace devinit::ports {

/// A service of a live devinit that holds a port.
struct Ours {
  std::string root;     ///< project folder
  std::string project;  ///< its name
  std::string service;  ///< may be empty when only the project is known
};

/// Who holds a port, as far as the kernel tells us.
struct Holder {
  /// `listener`: listens. `fence`: a devinit keeps the port for a service that is not listening now. `leftovers`: closing
  /// connections or a bound socket without listener; free within 60 s. `hidden`: another user's, or another namespace's
  /// listener.
  enum class Kind { listener, fence, leftovers, hidden };
  Kind kind = Kind::leftovers;
  std::optional<os::ProcessInfo> process;  ///< for `listener`, and `fence` (the devinit supervisor)
  std::vector<os::Listener> sockets;       ///< with their addresses
  uid_t uid = 0;                           ///< owner of the socket, known even for `hidden`
  std::optional<Ours> ours;
};

/// How thoroughly the owners of a socket are looked for. `all` reads the descriptors of every process. `youngest` begins with the newest one
/// and ends when every socket has an owner, whose ancestors are asked, too: a third of the time. It goes on with `all` when what it found may
/// have been forked by a server that is gone; a descriptor that was passed to an unrelated process can escape it. So it is for reports,
/// never for what may be killed.
enum class Search { all, youngest };

/// All holders of a port: for several processes that share one listener (a forking server) the topmost one. Clients of the port
/// are no holders. Empty when it is free. sock_diag, then /proc/*/fd only if there is a listener (2–13 ms).
/// `ours` counts only when that devinit is alive: a `devinit supervise --root ROOT` process among the holder's ancestors, or
/// one that holds the port's claim token. Names come from DEVINIT_ROOT, DEVINIT_PROJECT and DEVINIT_SERVICE of the holder or an
/// ancestor.
[[nodiscard]] std::vector<Holder> holders_of(Port port, Search search = Search::all);

/// The holders of those of `ports` that somebody listens on, by one look at the kernel's tables for all of them. Ports that are only fenced or
/// left over are not in the answer.
[[nodiscard]] std::map<Port, std::vector<Holder>> listening_holders(const PortSet& ports);

/// "12345 (python3 -m http.server 8000), user ann, since 3m 4s, in /home/ann/site", with "ours: project shop, service backend"
/// or the container where known; "a process of uid 33 (name unknown: needs root)"; "closing connections (free within 60 s)".
/// Control characters in command lines are replaced.
[[nodiscard]] std::string describe(const Holder& holder);

/// The same command line as `describe` shows it, shortened to `limit` bytes: "python3 -m http.server 8000".
[[nodiscard]] std::string command_line(const os::ProcessInfo& process, std::size_t limit = 60);

}  // namespace devinit::ports
