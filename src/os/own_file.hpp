#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace devinit::os {

/// Folders and files that only devinit writes. In a folder that others can write, too, somebody may have put something else at
/// their path before us.

/// Errc::refused with a hint unless `path` is a folder (no symbolic link) that we own and that nobody else can write.
[[nodiscard]] Result<> check_own_folder(const std::string& path, const std::string& hint);

/// True for a regular file of ours (no symbolic link) with exactly this content and these permissions.
[[nodiscard]] bool is_own_file(const std::string& path, std::string_view content, mode_t mode);

/// Makes sure that opening `path` for writing opens a regular file of ours with mode 0600: an empty one is created, an existing one loses
/// other permissions, and anything else of that name (a symbolic link, somebody else's file) is removed first.
[[nodiscard]] Result<> make_own_file(const std::string& path);

/// Whether what is open as `fd` is a regular file of ours that nobody else can write and has exactly this content.
[[nodiscard]] bool is_own_content(int fd, std::string_view content) noexcept;

}  // namespace devinit::os
