#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace devinit::os {

/// Changes to text files that people keep and may be editing at this moment, in a folder whose content nobody vouches for.
/// `path` is relative to `root` ("backend/.env"), and no part of it may be a symbolic link: nothing outside of `root` is ever
/// written. What is written survives a power cut. On failure nothing has changed and no temporary file remains.

/// Puts `content` in place of `expected` in one step, if that is still the whole text of the file right before. Mode and, where
/// the kernel allows it, owner stay. Errc::busy when the file has been changed meanwhile or is gone; Errc::refused for a link
/// and what is no regular file; Errc::io.
[[nodiscard]] Result<> replace_text(const std::string& root, const std::string& path, std::string_view expected,
                                    std::string_view content);

/// Makes a new file; it has its whole text from the first moment. Errc::busy when anything of that name exists.
[[nodiscard]] Result<> create_text(const std::string& root, const std::string& path, std::string_view content, mode_t mode);

}  // namespace devinit::os
