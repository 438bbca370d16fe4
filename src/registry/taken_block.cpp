#include "registry/taken_block.hpp"

namespace devinit::registry {
namespace {

constexpr unsigned kPortsPerDigit = 4;
constexpr std::string_view kDigits = "0123456789abcdef";

}  // namespace

std::string encode_block(const PortSet& ports, unsigned block) {
  std::string digits(kPortsPerBlock / kPortsPerDigit, '0');
  for (unsigned i = 0; i < digits.size(); ++i) {
    unsigned value = 0;
    for (unsigned bit = 0; bit < kPortsPerDigit; ++bit) {
      const unsigned port = block * kPortsPerBlock + i * kPortsPerDigit + bit;
      if (ports.contains(static_cast<Port>(port))) value |= 1U << bit;
    }
    digits[i] = kDigits[value];
  }
  return digits;
}

bool decode_block(std::string_view digits, unsigned block, PortSet& ports) {
  const bool is_block = block < kBlocks && digits.size() == kPortsPerBlock / kPortsPerDigit &&
                        digits.find_first_not_of(kDigits) == std::string_view::npos;
  if (!is_block) return false;
  for (unsigned i = 0; i < digits.size(); ++i) {
    if (digits[i] == '0') continue;
    const auto value = static_cast<unsigned>(kDigits.find(digits[i]));
    for (unsigned bit = 0; bit < kPortsPerDigit; ++bit) {
      if ((value >> bit & 1U) != 0) ports.insert(static_cast<Port>(block * kPortsPerBlock + i * kPortsPerDigit + bit));
    }
  }
  return true;
}

}  // namespace devinit::registry
