#include "ports/probe.hpp"

#include <cerrno>

#include "os/port_socket.hpp"
#include "ports/reserved_ports.hpp"

namespace devinit::ports {

Verdict verdict_of_bind(int error) noexcept {
  switch (error) {
    case 0:
      return Verdict::free;
    case EACCES:
    case EPERM:  // a sandbox's filter: as hopeless as a low port
      return Verdict::privileged;
    default:
      return Verdict::busy;
  }
}

Verdict probe_bind(Port port) {
  ASSERT(port != 0);
  const auto socket = os::open_port_socket();
  if (!socket) return Verdict::busy;
  os::set_reuse_address(*socket, true);
  return verdict_of_bind(os::bind_port(*socket, port));
}

Verdict probe(Port port) {
  const Verdict verdict = probe_bind(port);
  if (verdict == Verdict::free && ReservedPorts::current().contains(port)) return Verdict::reserved;
  return verdict;
}

}  // namespace devinit::ports
