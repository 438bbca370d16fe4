#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace devinit::os {

/// Largest text file that devinit reads (config, .ports.json, env files): far above any real one, far below what hurts.
inline constexpr std::size_t kMaxTextFile = 1 << 20;

/// Why a file of the user could not be read, so that the caller can word it.
enum class FileProblem { missing, not_regular, outside_root, too_large, unreadable };
struct ReadFailure {
  FileProblem problem;
  std::string detail;  ///< a clause for the user: "is a directory", "is a FIFO", "is a symbolic link to /etc/passwd, outside the project", "is 104857600 bytes long; the limit is 1048576", "Permission denied"
};
/// Reads a whole regular file without ever blocking on a FIFO or device (O_NONBLOCK, then fstat). With `root` not empty a
/// symbolic link is followed only to a target inside `root` (real path).
[[nodiscard]] boost::system::result<std::string, ReadFailure> read_text_file(const std::string& path, const std::string& root = {},
                                                              std::size_t limit = kMaxTextFile);

/// Whether `replace_file` waits for the disk. `yes`: fsync of file and folder, for what must survive a power cut.
enum class Durable { no, yes };
/// What `replace_file` does with a symbolic link. `follow`, for files that people keep, too: its target is replaced (the caller has checked
/// where it leads), and an existing file keeps its mode and owner. `replace` and `refuse` are for files that only devinit writes: a
/// link is overwritten itself, or is Errc::refused; the new file is ours and has exactly `mode`.
enum class Links { follow, replace, refuse };
/// Puts `content` at `path` by a temporary file in the same folder and rename: readers see the old or the new content,
/// never a half. A new file gets `mode`. On failure the old file is intact and no temporary file remains.
[[nodiscard]] Result<> replace_file(const std::string& path, std::string_view content, mode_t mode, Durable durable,
                                    Links links = Links::follow);
/// Errc::refused when `path` is a symbolic link: the message says where it leads, the hint what to do.
[[nodiscard]] Result<> refuse_link(const std::string& path);

/// mkdir -p with `mode` for what is created. An existing folder is left as it is.
[[nodiscard]] Result<> make_directories(const std::string& path, mode_t mode);

/// The folder that `path` lies in, by its text alone: "." for a bare name, "/" for a name in the root; slashes at the end do not count.
[[nodiscard]] std::string parent_folder(std::string path);
[[nodiscard]] bool path_exists(const std::string& path);       ///< follows links
[[nodiscard]] bool is_regular_file(const std::string& path);   ///< follows links
[[nodiscard]] bool is_directory(const std::string& path);      ///< follows links
/// Real path, or an error (Errc::not_found, Errc::io).
[[nodiscard]] Result<std::string> real_path(const std::string& path);
/// Names in a folder without "." and "..", sorted; empty when it cannot be read.
[[nodiscard]] std::vector<std::string> list_directory(const std::string& path);

/// {device, inode} of a file or folder: tells a checkout from its copy.
struct FileId {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  bool operator==(const FileId&) const = default;
};
[[nodiscard]] std::optional<FileId> file_id(const std::string& path);

/// Size in bytes; nothing when there is no such file.
[[nodiscard]] std::optional<std::uint64_t> file_size(const std::string& path);
/// unlink(2), whether the file exists or not.
void remove_file(const std::string& path) noexcept;
/// rename(2); a failure leaves things as they are.
void rename_file(const std::string& from, const std::string& to) noexcept;

/// The last `lines` complete-or-partial lines of a file, reading at most `limit` bytes from its end; empty when unreadable.
[[nodiscard]] std::vector<std::string> tail_lines(const std::string& path, std::size_t lines, std::size_t limit = 1 << 16);

}  // namespace devinit::os
