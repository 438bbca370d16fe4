#pragma once

#include <bitset>
#include <optional>

#include "base/port.hpp"

namespace devinit {

/// Any number of ports in 8 KB, with constant-time look-up: what a search must avoid.
class PortSet {
 public:
  void insert(Port port) noexcept { bits_.set(port); }
  void insert(PortRange range) noexcept {
    for (unsigned port = range.first; port <= range.last; ++port) bits_.set(port);
  }
  void insert(const PortSet& other) noexcept { bits_ |= other.bits_; }
  void erase(Port port) noexcept { bits_.reset(port); }
  [[nodiscard]] bool contains(Port port) const noexcept { return bits_.test(port); }
  [[nodiscard]] std::size_t size() const noexcept { return bits_.count(); }
  [[nodiscard]] bool empty() const noexcept { return bits_.none(); }
  /// The lowest port of the set from `first` up; nothing when there is none.
  [[nodiscard]] std::optional<Port> next(unsigned first) const noexcept {
    for (unsigned port = first; port <= 65535; ++port) {
      if (bits_.test(port)) return static_cast<Port>(port);
    }
    return std::nullopt;
  }
  bool operator==(const PortSet&) const = default;

 private:
  std::bitset<65536> bits_;
};

}  // namespace devinit
