#include "ports/holder.hpp"

#include <algorithm>
#include <functional>
#include <unordered_map>

#include "ports/claim.hpp"
#include "ports/ownership.hpp"
#include "ports/probe.hpp"

namespace devinit::ports {
namespace {

using ParentOf = std::unordered_map<pid_t, pid_t>;

/// Who holds which of the sockets in question, from one scan of /proc.
class Owners {
 public:
  Owners(const std::vector<std::uint64_t>& inodes, Search search) {
    if (search == Search::all || !find_youngest(inodes)) find_all(inodes);
  }

  [[nodiscard]] std::vector<pid_t> of(std::uint64_t inode) const {
    std::vector<pid_t> pids;
    for (const auto& owner : owners_) {
      if (owner.inode == inode) pids.push_back(owner.pid);
    }
    return pids;
  }

  /// Of processes that share a socket, those that did not get it from one of the others: a forking server's master.
  [[nodiscard]] std::vector<pid_t> topmost_of(std::uint64_t inode) const {
    const auto all = of(inode);
    std::vector<pid_t> topmost;
    for (const pid_t pid : all) {
      if (!descends_from_any(pid, all)) topmost.push_back(pid);
    }
    return topmost;
  }

 private:
  void find_all(const std::vector<std::uint64_t>& inodes) {
    std::vector<pid_t> pids;
    for (const auto& process : os::all_processes()) {
      pids.push_back(process.identity.pid);
      parent_of_.emplace(process.identity.pid, process.ppid);
    }
    owners_ = os::socket_owners(pids, inodes);
  }

  /// False when only a look at all processes can tell who is the topmost.
  bool find_youngest(const std::vector<std::uint64_t>& inodes) {
    auto pids = os::all_process_ids();
    std::sort(pids.begin(), pids.end(), std::greater<>());
    for (const auto& owner : os::first_socket_owners(pids, inodes)) add(owner);
    return std::all_of(inodes.begin(), inodes.end(), [this](std::uint64_t inode) { return complete_by_groups(inode); });
  }

  /// Adds an owner, and those above it that hold the same socket.
  void add(const os::SocketOwner& owner) {
    const auto known = of(owner.inode);
    if (std::find(known.begin(), known.end(), owner.pid) != known.end()) return;
    owners_.push_back(owner);
    const auto line = os::ancestors(owner.pid);
    for (std::size_t i = 0; i + 1 < line.size(); ++i) parent_of_.emplace(line[i], line[i + 1]);
    if (line.size() < 2) return;
    for (const auto& above : os::socket_owners({line.begin() + 1, line.end()}, {owner.inode})) {
      if (std::find(known.begin(), known.end(), above.pid) == known.end()) owners_.push_back(above);
    }
  }

  /// Processes that share a socket without being below one of them are workers whose master has let go of it, or is gone. They are of one
  /// process group, so they are below its leader; false when that one is gone, too. A socket that nobody shows has been looked for everywhere.
  bool complete_by_groups(std::uint64_t inode) {
    for (const pid_t pid : topmost_of(inode)) {
      const auto stat = os::process_stat(pid);
      if (!stat) return false;
      if (stat->pgid == pid) continue;
      if (!descends_from_any(pid, {stat->pgid})) return false;
      for (const auto& owner : os::socket_owners(os::process_tree(stat->pgid), {inode})) add(owner);
    }
    return true;
  }

  [[nodiscard]] bool descends_from_any(pid_t pid, const std::vector<pid_t>& others) const {
    // Bounded: pids may be reused while /proc is read, so the links could form a ring.
    for (std::size_t step = 0; step < parent_of_.size(); ++step) {
      const auto parent = parent_of_.find(pid);
      if (parent == parent_of_.end() || parent->second == 0) return false;
      pid = parent->second;
      if (std::find(others.begin(), others.end(), pid) != others.end()) return true;
    }
    return false;
  }

  ParentOf parent_of_;
  std::vector<os::SocketOwner> owners_;
};

/// Adds a socket to the holder that is the process `pid`; false when the process is gone.
bool add_to_process(std::vector<Holder>& holders, pid_t pid, const os::Listener& socket, const Keeper* keeper) {
  for (auto& holder : holders) {
    if (!holder.process || holder.process->stat.identity.pid != pid) continue;
    holder.sockets.push_back(socket);
    return true;
  }
  auto process = os::process_info(pid);
  if (!process) return false;
  holders.push_back({Holder::Kind::listener, std::move(process), {socket}, socket.uid, service_of(pid, keeper)});
  return true;
}

void add_hidden(std::vector<Holder>& holders, const os::Listener& socket, const Keeper* keeper) {
  for (auto& holder : holders) {
    if (holder.kind != Holder::Kind::hidden || holder.uid != socket.uid) continue;
    holder.sockets.push_back(socket);
    return;
  }
  // Without a process only the claim token can say whose it is: a service in a container, say.
  holders.push_back(
      {Holder::Kind::hidden, std::nullopt, {socket}, socket.uid, keeper != nullptr ? keeper->ours : std::nullopt});
}

/// A listener without an owner in /proc is hidden from us, unless its process ended while we looked.
bool still_listening(const os::Listener& socket) {
  const auto now = os::listeners_on(socket.port);
  return now && std::any_of(now->begin(), now->end(), [&socket](const os::Listener& row) { return row.inode == socket.inode; });
}

std::vector<Holder> holders_of_listeners(const std::vector<os::Listener>& listeners, const Owners& owners,
                                         const Keeper* keeper) {
  std::vector<Holder> holders;
  for (const auto& socket : listeners) {
    bool named = false;
    for (const pid_t pid : owners.topmost_of(socket.inode)) named |= add_to_process(holders, pid, socket, keeper);
    if (!named && still_listening(socket)) add_hidden(holders, socket, keeper);
  }
  return holders;
}

Holder fence_holder(Keeper keeper) {
  const uid_t uid = keeper.process ? keeper.process->uid : static_cast<uid_t>(-1);
  return {Holder::Kind::fence, std::move(keeper.process), {}, uid, std::move(keeper.ours)};
}

/// Nobody listens and no devinit claims the port: a bind tells whether something is left of earlier connections.
std::vector<Holder> leftovers_on(Port port) {
  const Verdict verdict = probe(port);
  const bool left = verdict == Verdict::busy || (verdict == Verdict::privileged && os::has_leftovers(port));
  if (!left) return {};
  return {Holder{}};
}

}  // namespace

std::vector<Holder> holders_of(Port port, Search search) {
  const auto listeners = os::listeners_on(port);
  if (!listeners) return {};
  const auto token = os::abstract_socket_inode(claim_token_name(port));
  if (listeners->empty() && !token) return leftovers_on(port);
  std::vector<std::uint64_t> inodes;
  for (const auto& socket : *listeners) inodes.push_back(socket.inode);
  if (token) inodes.push_back(*token);
  const Owners owners(inodes, search);
  if (!token) return holders_of_listeners(*listeners, owners, nullptr);
  Keeper keeper = keeper_of(owners.of(*token));
  if (listeners->empty()) return {fence_holder(std::move(keeper))};
  return holders_of_listeners(*listeners, owners, &keeper);
}

std::map<Port, std::vector<Holder>> listening_holders(const PortSet& ports) {
  const auto all = os::all_listeners();
  if (!all) return {};
  std::map<Port, std::vector<os::Listener>> listeners;
  std::map<Port, std::uint64_t> tokens;
  std::vector<std::uint64_t> inodes;
  for (const auto& socket : *all) {
    if (!ports.contains(socket.port)) continue;
    listeners[socket.port].push_back(socket);
    inodes.push_back(socket.inode);
  }
  for (const auto& [port, sockets] : listeners) {
    if (const auto token = os::abstract_socket_inode(claim_token_name(port))) tokens.emplace(port, *token);
  }
  for (const auto& [port, token] : tokens) inodes.push_back(token);
  std::map<Port, std::vector<Holder>> holders;
  if (inodes.empty()) return holders;
  const Owners owners(inodes, Search::all);
  for (const auto& [port, sockets] : listeners) {
    const auto token = tokens.find(port);
    const auto keeper = token == tokens.end() ? std::nullopt : std::optional(keeper_of(owners.of(token->second)));
    auto named = holders_of_listeners(sockets, owners, keeper ? &*keeper : nullptr);
    if (!named.empty()) holders.emplace(port, std::move(named));
  }
  return holders;
}

}  // namespace devinit::ports
