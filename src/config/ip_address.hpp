#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace devinit::config {

/// "127.0.0.1" (four plain decimal numbers: no octal, no short form) or an IPv6 literal ("::1", "fe80::1", "::ffff:10.0.0.1";
/// no zone, no brackets).
[[nodiscard]] bool is_ipv4_address(std::string_view text) noexcept;
[[nodiscard]] bool is_ipv6_address(std::string_view text) noexcept;

/// What a server can be told to bind without a name look-up: an address literal, or `localhost`.
[[nodiscard]] bool is_bind_address(std::string_view text) noexcept;

/// 0.0.0.0 or `::`, however it is written: reachable from the network on every interface.
[[nodiscard]] bool is_any_address(std::string_view host) noexcept;

/// The URL under which a browser on this machine reaches a server that binds `host` (empty: loopback): an any-address is
/// reached as localhost, an IPv6 literal stands in brackets. No trailing slash.
[[nodiscard]] std::string local_url(std::string_view host, std::uint16_t port);

}  // namespace devinit::config
