#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace devinit::cli {

/// One (model, app number) of a batch.
struct OwnerLine {
  std::string model;
  std::int64_t app = 0;
};

/// Reads one line of `ports get --batch`: "MODEL<TAB>APP", "MODEL APP" (the number is the last word, so a model may hold blanks) or
/// {"model": "…", "app": 1}. Nothing for an empty line and for one that begins with `#`. Errc::usage for anything else, and for a model or a
/// number that is none.
[[nodiscard]] Result<std::optional<OwnerLine>> parse_owner_line(std::string_view line);

/// A decimal number from 1 to 2^53 (what every JSON reader keeps exact), without sign, blanks or leading zeros.
[[nodiscard]] std::optional<std::int64_t> parse_app_number(std::string_view text) noexcept;

}  // namespace devinit::cli
