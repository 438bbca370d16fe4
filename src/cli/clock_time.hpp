#pragma once

#include <cstdint>
#include <string>

namespace devinit::cli {

/// Wall clock seconds, now.
[[nodiscard]] std::int64_t seconds_now();
/// A moment to come, in local time: "03:00" within the next 24 hours, else "2026-11-21 03:00"; with seconds when it is less than a minute away.
/// Both are wall clock seconds.
[[nodiscard]] std::string clock_time(std::int64_t moment, std::int64_t now);

}  // namespace devinit::cli
