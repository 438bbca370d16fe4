#include "ports/claim.hpp"

#include <algorithm>
#include <utility>

#include "os/listening_socket.hpp"
#include "os/port_socket.hpp"
#include "os/sockets.hpp"
#include "os/unix_socket.hpp"
#include "ports/reserved_ports.hpp"

namespace devinit::ports {
namespace {

/// Whether somebody came in beside our socket while its SO_REUSEADDR was on. A listener is certain on every kernel; a bound
/// socket without listener shows on newer ones only, and is a stranger about to listen or a probe on its way out.
enum class Intruder { none, listener, bound };

Intruder intruder_on(Port port, const os::UniqueFd& fence) {
  const auto listeners = os::listeners_on(port);
  if (!listeners || !listeners->empty()) return Intruder::listener;
  const auto bound = os::bound_inactive_sockets(port);
  const std::uint64_t own = os::socket_inode(fence);
  const bool foreign = std::any_of(bound.begin(), bound.end(), [own](std::uint64_t inode) { return inode != own; });
  return foreign ? Intruder::bound : Intruder::none;
}

struct Bound {
  Verdict verdict;
  bool beside_others;  ///< only SO_REUSEADDR made it possible
};

/// Binds with SO_REUSEADDR off when that works, else on and then off: leftovers of a server that sets it (TIME_WAIT) stop
/// only the former. After a failure the socket can try another port.
Bound bind_closed(const os::UniqueFd& socket, Port port) {
  const Verdict plain = verdict_of_bind(os::bind_port(socket, port));
  if (plain != Verdict::busy) return {plain, false};
  os::set_reuse_address(socket, true);
  const Verdict reusing = verdict_of_bind(os::bind_port(socket, port));
  os::set_reuse_address(socket, false);
  return {reusing, true};
}

/// Makes `socket` (opened when invalid) a closed fence around `port`, or says why not.
Verdict fence_in(os::UniqueFd& socket, Port port) {
  constexpr int kLooks = 3;  // a foreign probe holds a port for microseconds; one row of sock_diag takes longer to read
  for (int look = 1; look <= kLooks; ++look) {
    if (!socket.valid()) {
      auto opened = os::open_port_socket();
      if (!opened) return Verdict::busy;
      socket = std::move(*opened);
    }
    const Bound bound = bind_closed(socket, port);
    if (bound.verdict != Verdict::free || !bound.beside_others) return bound.verdict;
    const Intruder intruder = intruder_on(port, socket);
    if (intruder == Intruder::none) return Verdict::free;
    socket.reset();
    if (intruder == Intruder::listener) break;
  }
  return Verdict::busy;
}

bool others_listen(Port port, const os::UniqueFd& own) {
  const auto listeners = os::listeners_on(port);
  const std::uint64_t inode = os::socket_inode(own);
  return !listeners || std::any_of(listeners->begin(), listeners->end(), [inode](const auto& row) { return row.inode != inode; });
}

/// A child as most servers are: SO_REUSEADDR, bind, listen.
bool child_can_listen(Port port) {
  const auto child = os::open_port_socket();
  if (!child) return false;
  os::set_reuse_address(*child, true);
  return os::bind_port(*child, port) == 0 && os::start_listening(*child);
}

bool fence_works_once() {
  const auto fence = os::open_port_socket();
  if (!fence || os::bind_port(*fence, 0) != 0) return false;
  const auto port = os::bound_port(*fence);
  if (!port || child_can_listen(*port)) return false;
  os::set_reuse_address(*fence, true);
  if (!child_can_listen(*port)) return false;
  os::set_reuse_address(*fence, false);
  return !child_can_listen(*port);
}

}  // namespace

std::string claim_token_name(Port port) { return "devinit/port/" + std::to_string(port); }

bool fence_works() {
  // A stranger may wander onto the scratch port while it is open: one success is proof, one failure is not.
  static const bool answer = fence_works_once() || fence_works_once() || fence_works_once();
  return answer;
}

Claim::Claim(Port port, os::UniqueFd token, os::UniqueFd fence)
    : port_(port), token_(std::move(token)), fence_(std::move(fence)) {}

boost::system::result<Claim, Verdict> Claim::take(Port port) {
  os::UniqueFd spare;
  return take_with(spare, port);
}

boost::system::result<Claim, Verdict> Claim::take_token(Port port) {
  auto token = os::bind_abstract(claim_token_name(port));
  if (!token) return Verdict::busy;
  return Claim(port, std::move(*token), os::UniqueFd());
}

boost::system::result<Claim, Verdict> Claim::take_with(os::UniqueFd& spare, Port port) {
  ASSERT(port != 0);
  auto token = os::bind_abstract(claim_token_name(port));
  if (!token) return Verdict::busy;
  if (!fence_works()) {
    const Verdict verdict = probe(port);
    if (verdict == Verdict::busy || verdict == Verdict::privileged) return verdict;
    return Claim(port, std::move(*token), os::UniqueFd());
  }
  const Verdict verdict = fence_in(spare, port);
  if (verdict != Verdict::free) return verdict;
  return Claim(port, std::move(*token), std::exchange(spare, os::UniqueFd()));
}

void Claim::open_fence() noexcept {
  if (fence_.valid() && !listener_.valid()) os::set_reuse_address(fence_, true);
}

bool Claim::close_fence() noexcept {
  retire_relieved();
  if (listener_.valid()) {
    if (fence_.valid()) os::set_reuse_address(fence_, false);
    return !others_listen(port_, listener_);
  }
  if (!fence_.valid()) {
    if (!fence_works()) return probe(port_) != Verdict::busy;
    os::UniqueFd fence;
    if (fence_in(fence, port_) != Verdict::free) return false;
    fence_ = std::move(fence);
    return true;
  }
  os::set_reuse_address(fence_, false);
  const auto listeners = os::listeners_on(port_);
  return listeners && listeners->empty();
}

void Claim::drop_fence() noexcept { fence_.reset(); }

Result<int> Claim::listen(const std::string& host) {
  retire_relieved();
  if (listener_.valid() && listener_host_ == host) return listener_.get();
  listener_.reset();
  open_fence();
  auto made = os::listen_tcp(host, port_);
  if (fence_.valid()) os::set_reuse_address(fence_, false);
  if (!made) return made.error();
  listener_ = std::move(*made);
  listener_host_ = host;
  return listener_.get();
}

std::uint64_t Claim::listener() const noexcept { return listener_.valid() ? os::socket_inode(listener_) : 0; }

Result<> Claim::relieve_listener() {
  if (!listener_.valid() || relieved_.valid()) return Error(Errc::failed, "there is no socket to relieve");
  if (fence_.valid()) os::set_reuse_address(fence_, true);
  auto heir = os::listen_instead_of(listener_);
  if (fence_.valid()) os::set_reuse_address(fence_, false);
  if (!heir) return heir.error();
  relieved_ = std::exchange(listener_, std::move(*heir));
  return {};
}

/// A shared daemon that was left alone may still have a copy: it would share the next connections.
void Claim::retire_relieved() noexcept {
  if (!relieved_.valid()) return;
  os::retire_listener(relieved_, listener_);
  relieved_.reset();
}

Found claim_first_free(Port first, Port last, int tries, const PortSet& avoid) {
  Found found;
  const auto reserved = ReservedPorts::current();
  os::UniqueFd spare;  // one socket for the whole search: a failed bind leaves it as it was
  for (unsigned next = first; next <= last && tries > 0; ++next) {
    const auto port = static_cast<Port>(next);
    if (reserved.contains(port) || avoid.contains(port)) continue;
    --tries;
    auto claim = Claim::take_with(spare, port);
    if (claim) {
      found.claim = std::move(*claim);
      return found;
    }
    found.privileged = claim.error() == Verdict::privileged;
    if (found.privileged) return found;
    found.busy.push_back(port);
  }
  return found;
}

}  // namespace devinit::ports
