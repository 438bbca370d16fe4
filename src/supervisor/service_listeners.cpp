#include "supervisor/service_listeners.hpp"

#include "os/process.hpp"

namespace devinit::supervisor {

std::optional<ListenerTable> ListenerTable::now() {
  auto rows = os::all_listeners();
  if (!rows) return std::nullopt;
  return ListenerTable(std::move(*rows));
}

ListenerTable::ListenerTable(std::vector<os::Listener> rows) : rows_(std::move(rows)) {
  for (const auto& row : rows_) ports_.insert(row.port);
}

std::vector<std::uint64_t> ListenerTable::inodes_on(Port port) const {
  std::vector<std::uint64_t> inodes;
  if (!ports_.contains(port)) return inodes;
  for (const auto& row : rows_) {
    if (row.port == port) inodes.push_back(row.inode);
  }
  return inodes;
}

std::uint32_t ListenerTable::backlog_of(Port port) const noexcept {
  std::uint32_t waiting = 0;
  for (const auto& row : rows_) {
    if (row.port == port) waiting += row.backlog;
  }
  return waiting;
}

bool holds_any(pid_t guardian, const std::vector<std::uint64_t>& inodes, bool* hidden) {
  auto tree = os::process_tree(guardian);
  if (!tree.empty()) tree.erase(tree.begin());  // the guardian holds no socket of the service
  return !os::socket_owners(tree, inodes, hidden).empty();
}

}  // namespace devinit::supervisor
