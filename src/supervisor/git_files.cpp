#include "supervisor/git_files.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "os/files.hpp"
#include "project/git_folder.hpp"

namespace devinit::supervisor {
namespace {

constexpr std::size_t kLargestIndex = 256U << 20;

std::string worded(const os::ReadFailure& failure) {
  return failure.problem == os::FileProblem::unreadable ? "cannot be read: " + failure.detail : failure.detail;
}

bool has_line(std::string_view text, std::string_view wanted) {
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    if (text.substr(at, end - at) == wanted) return true;
    at = end + 1;
  }
  return false;
}

unsigned big_endian_16(std::string_view data, std::size_t at) {
  return static_cast<unsigned>(static_cast<unsigned char>(data[at])) << 8 | static_cast<unsigned char>(data[at + 1]);
}

/// An entry ends with 16 bits of flags, whose low 12 are the length of the name, then the name and at least one NUL. In version 3
/// a flag says that 16 more bits stand before the name.
bool is_entry_name(std::string_view index, std::size_t at, std::size_t size) {
  constexpr unsigned kLength = 0x0fff;
  constexpr unsigned kExtended = 0x4000;
  const unsigned length = static_cast<unsigned>(std::min<std::size_t>(size, kLength));
  if (at >= 2 && (big_endian_16(index, at - 2) & kLength) == length) return true;
  return at >= 4 && (big_endian_16(index, at - 4) & (kExtended | kLength)) == (kExtended | length);
}

}  // namespace

bool git_tracks(const std::string& root, const std::string& name) {
  const auto repository = project::find_repository(root);
  if (!repository) return false;
  const auto index = os::read_text_file(repository->git_dir + "/index", {}, kLargestIndex);
  if (!index) return false;
  const std::string path = root == repository->top ? name : root.substr(repository->top.size() + 1) + "/" + name;
  const std::string needle = path + '\0';
  for (auto at = index->find(needle); at != std::string::npos; at = index->find(needle, at + 1)) {
    if (is_entry_name(*index, at, path.size())) return true;
  }
  return false;
}

Result<> exclude_from_git(const std::string& root) {
  const auto repository = project::find_repository(root);
  if (!repository) return {};
  const std::string path = repository->common_dir + "/info/exclude";
  const auto current = os::read_text_file(path);
  if (!current && current.error().problem != os::FileProblem::missing) {
    return Error(Errc::io, path + " " + worded(current.error()) + ": devinit's files are not excluded from git");
  }
  std::string text = current ? *current : std::string();
  bool changed = false;
  for (const std::string_view line : {".devinit/", ".ports.json", ".env.runtime", "devinit.local.json"}) {
    if (has_line(text, line)) continue;
    if (!text.empty() && text.back() != '\n') text += '\n';
    text += line;
    text += '\n';
    changed = true;
  }
  if (!changed) return {};
  TRY(os::make_directories(repository->common_dir + "/info", 0755));
  return os::replace_file(path, text, 0644, os::Durable::no);
}

}  // namespace devinit::supervisor
