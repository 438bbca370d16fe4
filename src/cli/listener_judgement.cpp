#include "cli/listener_judgement.hpp"

#include <algorithm>

#include "cli/lease_text.hpp"

namespace devinit::cli {
namespace {

bool is_below(const std::string& path, const std::string& folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

/// Docker's own process listens for a published port; the app behind it is in a container.
bool stands_for_a_container(const os::ProcessInfo& process) {
  return !process.container.empty() || process.stat.name.starts_with("docker-proxy") || process.exe.ends_with("/docker-proxy");
}

bool runs_below(const os::ProcessInfo& process, const registry::LiveProcess& live) {
  const auto line = os::ancestors(process.stat.identity.pid);
  return live.boot_id == os::boot_id() && std::ranges::find(line, static_cast<pid_t>(live.pid)) != line.end();
}

}  // namespace

bool is_stranger(const ports::Holder& holder, const registry::Lease& lease) {
  if (lease.owner.kind == registry::OwnerKind::reserved || !holder.process) return false;
  const auto& process = *holder.process;
  const auto& folder = folder_of(lease);
  if (lease.live && runs_below(process, *lease.live)) return false;
  if (holder.ours && !folder.empty()) return !is_below(holder.ours->root, folder) && !is_below(folder, holder.ours->root);
  if (stands_for_a_container(process)) return false;
  return folder.empty() || !is_below(process.cwd, folder);
}

}  // namespace devinit::cli
