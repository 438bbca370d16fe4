#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace devinit::os {

/// "SIGTERM", "TERM" or "term" → 15. Only names, never numbers (they differ between systems).
[[nodiscard]] std::optional<int> signal_number(std::string_view name) noexcept;
/// 15 → "SIGTERM"; an unknown number → "signal 99".
[[nodiscard]] std::string signal_name(int number);

}  // namespace devinit::os
