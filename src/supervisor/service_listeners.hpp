#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/port.hpp"
#include "base/port_set.hpp"
#include "os/sockets.hpp"

namespace devinit::supervisor {

/// Who listened on this machine at one moment: one answer of the kernel, for any number of services.
class ListenerTable {
 public:
  /// The kernel's answer now; nothing when it has none.
  [[nodiscard]] static std::optional<ListenerTable> now();
  explicit ListenerTable(std::vector<os::Listener> rows);

  [[nodiscard]] const std::vector<os::Listener>& rows() const noexcept { return rows_; }
  /// The inodes of all sockets that listen on `port`. Costs nothing for a port that nobody listens on.
  [[nodiscard]] std::vector<std::uint64_t> inodes_on(Port port) const;
  /// Connections to `port` that wait to be accepted.
  [[nodiscard]] std::uint32_t backlog_of(Port port) const noexcept;

 private:
  std::vector<os::Listener> rows_;
  PortSet ports_;
};

/// Whether a process of the service that `guardian` guards holds one of the sockets. `hidden` (may be null): the kernel did not let us see the
/// sockets of some of its processes.
[[nodiscard]] bool holds_any(pid_t guardian, const std::vector<std::uint64_t>& inodes, bool* hidden = nullptr);

}  // namespace devinit::supervisor
