#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "os/fd.hpp"

namespace devinit::os {

/// How a folder is opened that is to be the folder itself, not what a link leads to.
inline constexpr int kPlainFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

/// Names in a folder that is open for reading, without "." and "..", sorted; nothing, and errno, when it cannot be read.
[[nodiscard]] std::optional<std::vector<std::string>> take_names(UniqueFd folder);
/// The same from the start of the folder, whatever was read through `folder` before; it stays open.
[[nodiscard]] std::optional<std::vector<std::string>> names_in(int folder);

/// When a file's content was last changed, in nanoseconds since 1970.
[[nodiscard]] inline std::int64_t modified_ns(const struct stat& status) noexcept {
  return std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
}

}  // namespace devinit::os
