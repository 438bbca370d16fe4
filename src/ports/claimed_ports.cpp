#include "ports/claimed_ports.hpp"

#include "os/sockets.hpp"
#include "ports/claim.hpp"

namespace devinit::ports {

PortSet claimed_ports() {
  std::string prefix = claim_token_name(1);
  prefix.pop_back();  // the number is what such a name ends with
  PortSet claimed;
  for (const auto& number : os::abstract_sockets_with(prefix)) {
    if (const auto port = parse_port(number)) claimed.insert(*port);
  }
  return claimed;
}

}  // namespace devinit::ports
