#include <unistd.h>

#include <algorithm>
#include <unordered_map>

#include "os/proc_file.hpp"
#include "os/process.hpp"
#include "os/process_table.hpp"

namespace devinit::os {

namespace {

/// Kernels without CONFIG_PROC_CHILDREN lack the file for every process.
bool kernel_lists_children() {
  static const bool listed = ::access("/proc/thread-self/children", F_OK) == 0;
  return listed;
}

/// Appends the children of one process that `tree` lacks; the kernel lists a child under the thread that forked it. False when
/// `pid` is gone. A child met before has been adopted by a subreaper in the tree meanwhile.
bool append_children(pid_t pid, std::vector<pid_t>& tree) {
  std::vector<pid_t> threads;
  if (!append_numbers_in(ProcPath(pid, "task").c_str(), threads)) return false;
  std::vector<pid_t> children;
  for (const pid_t thread : threads) append_numbers_of(ProcPath::children_of_thread(pid, thread).c_str(), children);
  for (const pid_t child : children) {
    if (std::find(tree.begin(), tree.end(), child) == tree.end()) tree.push_back(child);
  }
  return true;
}

}  // namespace

std::vector<pid_t> tree_in(const std::vector<ProcessStat>& table, pid_t root) {
  std::unordered_multimap<pid_t, pid_t> children;
  children.reserve(table.size());
  std::vector<pid_t> tree;
  for (const ProcessStat& process : table) {
    children.emplace(process.ppid, process.identity.pid);
    if (process.identity.pid == root) tree = {root};
  }
  for (std::size_t next = 0; next < tree.size() && tree.size() <= table.size(); ++next) {
    const auto [first, last] = children.equal_range(tree[next]);
    for (auto child = first; child != last; ++child) tree.push_back(child->second);
  }
  return tree;
}

std::vector<pid_t> process_tree(pid_t root) {
  if (!kernel_lists_children()) return tree_in(all_processes(), root);
  std::vector<pid_t> tree{root};
  if (!append_children(root, tree)) return {};
  for (std::size_t next = 1; next < tree.size(); ++next) append_children(tree[next], tree);
  return tree;
}

}  // namespace devinit::os
