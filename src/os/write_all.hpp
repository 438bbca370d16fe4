#pragma once

#include <string_view>

namespace devinit::os {

/// write(2) until all of `content` is written to the blocking `fd`; false leaves errno.
[[nodiscard]] bool write_all(int fd, std::string_view content) noexcept;

}  // namespace devinit::os
