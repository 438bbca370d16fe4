#include "ports/holder.hpp"

#include <algorithm>
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
  explicit Owners(const std::vector<std::uint64_t>& inodes) {
    std::vector<pid_t> pids;
    for (const auto& process : os::all_processes()) {
      pids.push_back(process.identity.pid);
      parent_of_.emplace(process.identity.pid, process.ppid);
    }
    owners_ = os::socket_owners(pids, inodes);
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

std::vector<Holder> holders_of(Port port) {
  const auto listeners = os::listeners_on(port);
  if (!listeners) return {};
  const auto token = os::abstract_socket_inode(claim_token_name(port));
  if (listeners->empty() && !token) return leftovers_on(port);
  std::vector<std::uint64_t> inodes;
  for (const auto& socket : *listeners) inodes.push_back(socket.inode);
  if (token) inodes.push_back(*token);
  const Owners owners(inodes);
  if (!token) return holders_of_listeners(*listeners, owners, nullptr);
  Keeper keeper = keeper_of(owners.of(*token));
  if (listeners->empty()) return {fence_holder(std::move(keeper))};
  return holders_of_listeners(*listeners, owners, &keeper);
}

}  // namespace devinit::ports
