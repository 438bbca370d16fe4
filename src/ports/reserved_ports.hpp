#pragma once

#include <string_view>
#include <vector>

#include "base/port.hpp"

namespace devinit::ports {

/// The ports that the administrator set aside (net.ipv4.ip_local_reserved_ports). The kernel only keeps them out of its own
/// choices; an explicit bind(2) of one succeeds.
class ReservedPorts {
 public:
  /// Reads the text of the sysctl, "8080,9148-9200". Parts that do not parse are skipped.
  [[nodiscard]] static ReservedPorts parse(std::string_view text);
  /// As the kernel has them now; none when it does not tell.
  [[nodiscard]] static ReservedPorts current();

  [[nodiscard]] bool contains(Port port) const noexcept;
  [[nodiscard]] const std::vector<PortRange>& ranges() const noexcept { return ranges_; }

 private:
  std::vector<PortRange> ranges_;
};

}  // namespace devinit::ports
