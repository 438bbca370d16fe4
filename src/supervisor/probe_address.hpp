#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <vector>

#include "supervisor/probe_target.hpp"

namespace devinit::supervisor {

/// Where a service that binds `target.host` is asked: 127.0.0.1 and ::1, or the one address of the network. One of them has to answer.
[[nodiscard]] inline std::vector<boost::asio::ip::tcp::endpoint> probe_addresses(const ProbeTarget& target) {
  namespace ip = boost::asio::ip;
  boost::system::error_code no_address;
  const auto address = ip::make_address(target.host, no_address);
  if (!no_address && !address.is_loopback() && !address.is_unspecified()) return {{address, target.port}};
  return {{ip::address_v4::loopback(), target.port}, {ip::address_v6::loopback(), target.port}};
}

}  // namespace devinit::supervisor
