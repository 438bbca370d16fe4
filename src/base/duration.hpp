#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace devinit {

using Millis = std::chrono::milliseconds;
/// Monotonic time: no rule of devinit depends on the wall clock.
using TimePoint = std::chrono::steady_clock::time_point;

/// Reads "250ms", "5s", "2m", "1h" (a decimal number and a unit, nothing else). At most 24 hours.
[[nodiscard]] std::optional<Millis> parse_duration(std::string_view text) noexcept;

/// "250ms", "5s", "2m 3s", "1h 4m", "3d 2h": what a person reads.
[[nodiscard]] std::string format_duration(Millis duration);

/// Reads "512KB", "10MB", "1GB" (powers of 1024) into bytes.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text) noexcept;

}  // namespace devinit
