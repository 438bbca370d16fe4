#pragma once

#include <string_view>

namespace devinit::supervisor {

/// The guardian program (src/guardian), compiled in.
[[nodiscard]] std::string_view guardian_image() noexcept;

}  // namespace devinit::supervisor
