#include "ports/reserved_ports.hpp"

#include <algorithm>

#include "os/files.hpp"

namespace devinit::ports {

ReservedPorts ReservedPorts::parse(std::string_view text) {
  ReservedPorts reserved;
  if (text.ends_with('\n')) text.remove_suffix(1);
  while (!text.empty()) {
    const auto part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    if (const auto range = parse_port_range(part)) reserved.ranges_.push_back(*range);
  }
  return reserved;
}

ReservedPorts ReservedPorts::current() {
  const auto text = os::read_text_file("/proc/sys/net/ipv4/ip_local_reserved_ports");
  return text ? parse(*text) : ReservedPorts();
}

bool ReservedPorts::contains(Port port) const noexcept {
  return std::any_of(ranges_.begin(), ranges_.end(), [port](const PortRange& range) { return range.contains(port); });
}

}  // namespace devinit::ports
