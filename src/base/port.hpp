#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace devinit {

/// A TCP port. 0 never appears as a value: "no port" is `std::optional`.
using Port = std::uint16_t;

/// The one reader for every port that arrives as text (command line, environment, files, API): `^[1-9][0-9]{0,4}$`
/// and at most 65535. No sign, blank, leading zero, hex, exponent or fraction is ever coerced.
[[nodiscard]] std::optional<Port> parse_port(std::string_view text) noexcept;

/// An inclusive range of ports, `first <= last`.
struct PortRange {
  Port first;
  Port last;
  [[nodiscard]] bool contains(Port port) const noexcept { return first <= port && port <= last; }
  bool operator==(const PortRange&) const = default;
};

/// Reads "3000-9999"; a single port is a range of one.
[[nodiscard]] std::optional<PortRange> parse_port_range(std::string_view text) noexcept;

}  // namespace devinit
