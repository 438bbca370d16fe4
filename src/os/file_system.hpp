#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

#include "base/result.hpp"

namespace devinit::os {

/// "NFS", "CIFS", "9p", "FUSE" …: the kind of file system that `path` lies on when other machines or programs serve it, so that locks and
/// shared memory of this kernel do not reach everybody who uses it. Nothing for a local one, and when it cannot be asked.
[[nodiscard]] std::optional<std::string> served_file_system(const std::string& path);

/// Permissions of a new file that everybody who may write in its folder shall be able to write: 0660 in a folder that its group can
/// write, else 0600.
[[nodiscard]] mode_t mode_of_new_file(const std::string& folder);

/// Creates an empty file with exactly `mode`, whatever the umask, and with the group of its folder where we are allowed to give it; an
/// existing file stays as it is. Never follows a symbolic link.
[[nodiscard]] Result<> create_file(const std::string& path, mode_t mode);

/// How long ago the content of a file was last changed, by the clock that files are stamped with; negative when somebody has set the clock
/// back since. Nothing when there is no such file.
[[nodiscard]] std::optional<std::chrono::seconds> file_age(const std::string& path);

/// What a path leads to, links followed. Never opens it: that could wait for ever for a FIFO or a device.
enum class FileKind { missing, dangling_link, regular, folder, fifo, socket, device, unreadable };
[[nodiscard]] FileKind file_kind(const std::string& path) noexcept;

/// fsync(2) of a folder: names that were made or changed in it survive a power cut. True also where folders cannot be synced; false
/// leaves errno.
bool sync_directory(const std::string& path) noexcept;
/// The same for one that is open.
bool sync_directory(int folder) noexcept;

/// rename(2) that replaces nothing: Errc::busy when `to` exists, Errc::not_found when `from` does not.
[[nodiscard]] Result<> move_file(const std::string& from, const std::string& to);

}  // namespace devinit::os
