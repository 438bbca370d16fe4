#pragma once

#include <cstddef>
#include <string>

namespace devinit::os {

/// `bytes` (at most 256) of the kernel's randomness as lower-case hex.
[[nodiscard]] std::string random_hex(std::size_t bytes);

}  // namespace devinit::os
