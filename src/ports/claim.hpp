#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/port.hpp"
#include "base/port_set.hpp"
#include "base/result.hpp"
#include "os/fd.hpp"
#include "ports/probe.hpp"

namespace devinit::ports {

/// The abstract unix socket by which one devinit keeps all others off a port: "devinit/port/8000".
[[nodiscard]] std::string claim_token_name(Port port);

struct Found;

/// A port that is ours: the claim token (an abstract unix socket named after the port, exclusive among all devinits of this
/// network namespace, gone with its holder) and the fence (a bound, non-listening socket).
///
/// Closed fence (SO_REUSEADDR off): nobody can bind the port. Open fence (on): a child that sets SO_REUSEADDR, as nearly all
/// servers do, can bind and listen unmodified. The kernel semantics are those of inet_csk_bind_conflict(); 64 simultaneous
/// starters that check and then bind: 1 succeeds; with the fence: 64.
class Claim {
 public:
  /// Takes token and closed fence. Fails with the verdict when somebody else has the port. A port through whose TIME_WAIT
  /// leftovers only SO_REUSEADDR binds is claimed as well (plain bind first, then SO_REUSEADDR, then off again).
  [[nodiscard]] static boost::system::result<Claim, Verdict> take(Port port);

  /// For a port that a service of ours has bound by its own choice: the token alone; the fence comes with the first
  /// `close_fence`.
  [[nodiscard]] static boost::system::result<Claim, Verdict> take_token(Port port);

  [[nodiscard]] Port port() const noexcept { return port_; }
  /// Lets a child bind. Idempotent. Without effect while we listen for it: it has nothing to bind.
  void open_fence() noexcept;
  /// Keeps everybody out. Idempotent. Takes the fence again when it was dropped; false when somebody listens on the port
  /// meanwhile (for use while no child of ours does; we ourselves do not count).
  [[nodiscard]] bool close_fence() noexcept;
  /// For servers without SO_REUSEADDR: gives up the fence, keeps the token.
  void drop_fence() noexcept;
  [[nodiscard]] bool fenced() const noexcept { return fence_.valid(); }

  /// A socket that listens on the port at `host` (os::listen_tcp), for a child that inherits it: the same one at each call with the same host, so
  /// that its queue outlives every child. It belongs to the claim. The fence is closed behind it, so that nobody takes the other addresses.
  [[nodiscard]] Result<int> listen(const std::string& host);
  /// The inode of that socket; 0 before the first `listen`.
  [[nodiscard]] std::uint64_t listener() const noexcept;
  /// Before the child that has the socket is told to end for another one: new connections go to a second socket from now on, which `listen` gives
  /// to the next child. The first one stays for its child to empty until `close_fence` or `listen` is called, when that child must be gone. Nobody
  /// else gets in. Errors, upon which nothing has changed, as os::listen_instead_of; Errc::failed also without a socket.
  [[nodiscard]] Result<> relieve_listener();

 private:
  friend Found claim_first_free(Port first, Port last, int tries, const PortSet& avoid);
  Claim(Port port, os::UniqueFd token, os::UniqueFd fence);
  /// take() with a socket to try: consumed on success, else left for the next port.
  static boost::system::result<Claim, Verdict> take_with(os::UniqueFd& spare, Port port);
  void retire_relieved() noexcept;

  Port port_;
  os::UniqueFd token_;
  os::UniqueFd fence_;
  os::UniqueFd listener_;
  os::UniqueFd relieved_;  ///< was listener_ before, and is still its child's
  std::string listener_host_;
};

/// One self-test per process of the fence semantics on a scratch port: false on a sandbox kernel that behaves otherwise;
/// claims then hold the token only.
[[nodiscard]] bool fence_works();

/// Result of a search upward.
struct Found {
  std::optional<Claim> claim;  ///< nothing when every try failed
  std::vector<Port> busy;      ///< the ports met on the way, in order
  bool privileged = false;     ///< stopped at once because the range is privileged
};
/// Claims the first free port of `first`, `first`+1 … : at most `tries` ports that are asked, none above `last`, none of
/// `avoid`, none reserved by the administrator. Never wraps past 65535.
[[nodiscard]] Found claim_first_free(Port first, Port last, int tries, const PortSet& avoid);

}  // namespace devinit::ports
