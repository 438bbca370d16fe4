#include "base/duration.hpp"

#include <array>
#include <cstdint>
#include <utility>

namespace devinit {
namespace {

struct Quantity {
  std::uint64_t number;
  std::string_view unit;
};

/// Splits "250ms" into 250 and "ms"; at most 12 digits, so that no multiplication below can overflow.
std::optional<Quantity> split_quantity(std::string_view text) noexcept {
  std::size_t digits = 0;
  std::uint64_t number = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
    number = number * 10 + static_cast<std::uint64_t>(text[digits] - '0');
    if (++digits > 12) return std::nullopt;
  }
  if (digits == 0 || digits == text.size()) return std::nullopt;
  return Quantity{number, text.substr(digits)};
}

}  // namespace

std::optional<Millis> parse_duration(std::string_view text) noexcept {
  const auto quantity = split_quantity(text);
  if (!quantity) return std::nullopt;
  constexpr std::array<std::pair<std::string_view, std::uint64_t>, 4> kUnits{
      {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};
  constexpr std::uint64_t kDay = 24 * 3'600'000ULL;
  for (const auto& [unit, factor] : kUnits) {
    if (quantity->unit != unit) continue;
    const std::uint64_t total = quantity->number * factor;
    if (total > kDay) return std::nullopt;
    return Millis(total);
  }
  return std::nullopt;
}

std::string format_duration(Millis duration) {
  const auto total_ms = duration.count();
  if (total_ms < 1000) return std::to_string(total_ms) + "ms";
  const auto seconds = total_ms / 1000;
  const auto pair = [](long long major, const char* major_unit, long long minor, const char* minor_unit) {
    std::string text = std::to_string(major) + major_unit;
    if (minor != 0) text += " " + std::to_string(minor) + minor_unit;
    return text;
  };
  if (seconds < 60) return std::to_string(seconds) + "s";
  if (seconds < 3600) return pair(seconds / 60, "m", seconds % 60, "s");
  if (seconds < 86400) return pair(seconds / 3600, "h", seconds % 3600 / 60, "m");
  return pair(seconds / 86400, "d", seconds % 86400 / 3600, "h");
}

std::optional<std::uint64_t> parse_size(std::string_view text) noexcept {
  const auto quantity = split_quantity(text);
  if (!quantity) return std::nullopt;
  constexpr std::array<std::pair<std::string_view, unsigned>, 4> kUnits{{{"B", 0}, {"KB", 10}, {"MB", 20}, {"GB", 30}}};
  for (const auto& [unit, shift] : kUnits) {
    if (quantity->unit != unit) continue;
    if (quantity->number > (std::uint64_t{1} << (50 - shift))) return std::nullopt;
    return quantity->number << shift;
  }
  return std::nullopt;
}

}  // namespace devinit
