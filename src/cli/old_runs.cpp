#include "cli/old_runs.hpp"

#include "config/run_file.hpp"
#include "os/file_lock.hpp"
#include "os/file_system.hpp"
#include "os/files.hpp"
#include "os/folder_tree.hpp"

namespace devinit::cli {
namespace {

/// As long as an unused project keeps its ports.
constexpr std::chrono::seconds kUnused = std::chrono::hours(30 * 24);

bool folder_is_gone(const std::string& data) {
  const auto text = os::read_text_file(data + "/run.json");
  if (!text) return false;
  const auto run = config::decode_run_file(*text);
  return run && !os::is_directory(run->folder);
}

bool is_old(const std::string& data) {
  auto age = os::file_age(data + "/run.json");
  if (!age) age = os::file_age(data + "/run.lock");  // it ended before there was anything to run
  return age && *age > kUnused;
}

}  // namespace

void remove_old_runs(const Project& run) {
  const auto all = os::parent_folder(run.paths.data);
  const auto folder = os::FolderTree::open(all);
  if (!folder) return;
  for (const auto& name : os::list_directory(all)) {
    const auto data = all + "/" + name;
    if (data == run.paths.data || (!folder_is_gone(data) && !is_old(data))) continue;
    const auto lock = os::FileLock::try_acquire(data + "/run.lock");
    if (lock && !os::FileLock::is_held(data + "/supervisor.lock")) os::remove_tree(folder->fd(), name);
  }
}

}  // namespace devinit::cli
