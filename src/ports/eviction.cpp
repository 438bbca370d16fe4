#include "ports/eviction.hpp"

#include <algorithm>
#include <csignal>
#include <thread>

#include "os/self.hpp"
#include "ports/never_list.hpp"
#include "ports/probe.hpp"

namespace devinit::ports {
namespace {

using Inodes = std::vector<std::uint64_t>;

/// How long a killed process may take to be gone: the kernel frees its memory first. Longer means an uninterruptible wait.
constexpr std::chrono::milliseconds kKillPatience{5000};
/// How long closing connections are awaited once nobody listens.
constexpr std::chrono::milliseconds kClosePatience{500};
constexpr std::chrono::milliseconds kPollInterval{2};

bool contains(const Inodes& inodes, std::uint64_t inode) {
  return std::find(inodes.begin(), inodes.end(), inode) != inodes.end();
}

Inodes inodes_of(const std::vector<os::Listener>& sockets) {
  Inodes inodes;
  for (const auto& socket : sockets) inodes.push_back(socket.inode);
  return inodes;
}

std::string name_of(const os::ProcessInfo& process) {
  return "process " + std::to_string(process.stat.identity.pid) + " (" + command_line(process) + ")";
}

std::string ownership_clause(const Ours& ours) {
  const std::string service = ours.service.empty() ? "" : " " + ours.service;
  const std::string what =
      ours.service.empty() ? "project " + ours.project : "service " + ours.service + " of project " + ours.project;
  return "it is " + what + ", which a running devinit owns: `devinit stop" + service + "` in " + ours.root + " frees it";
}

std::optional<std::string> process_refusal(const os::ProcessInfo& process) {
  const pid_t pid = process.stat.identity.pid;
  if (pid == 1) return "it is process 1, which keeps the system running";
  if (pid == os::own_pid()) return "it is this command itself";
  const auto above = os::ancestors(os::own_pid());
  if (std::find(above.begin(), above.end(), pid) != above.end()) return "it is an ancestor of this command";
  if (process.stat.kernel_thread) return "it is a part of the kernel";
  if (process.uid != os::own_uid()) return "it belongs to user " + process.user;
  if (auto reason = never_list_reason(process)) return reason;
  // A process that has just ended shows no namespaces; there is nothing left to protect.
  if (!os::shares_our_namespaces(pid) && os::is_alive(process.stat.identity))
    return "it runs in a container or another namespace";
  return std::nullopt;
}

/// SIGTERM, `grace`, SIGKILL; returns when the process is gone.
Result<> end_process(const os::ProcessInfo& process, std::chrono::milliseconds grace) {
  const auto& identity = process.stat.identity;
  TRY_ASSIGN(const bool terminated, os::send_signal(identity, SIGTERM));
  if (!terminated || os::wait_for_exit(identity, grace)) return {};
  TRY_ASSIGN(const bool killed, os::send_signal(identity, SIGKILL));
  if (!killed || os::wait_for_exit(identity, kKillPatience)) return {};
  return Error(Errc::failed, name_of(process) + " does not end, not even by SIGKILL",
               "it waits inside the kernel, often for a disk or a network share");
}

/// One eviction: what listened before, and what of it the holder had.
class Eviction {
 public:
  Eviction(const Holder& holder, Port port, std::chrono::milliseconds grace)
      : port_(port), grace_(grace), own_(inodes_of(holder.sockets)), named_(holder) {}

  Result<> run() {
    TRY_ASSIGN(const auto listeners, os::listeners_on(port_));
    before_ = inodes_of(listeners);
    // Every round ends a generation of processes that inherited the socket; a server has two, a master and its workers.
    constexpr int kGenerations = 8;
    std::vector<Holder> targets{named_};
    for (int round = 0; round < kGenerations; ++round) {
      TRY(end_all(targets));
      TRY_ASSIGN(const bool gone, own_sockets_gone());
      if (gone) return wait_for_closing();
      targets = heirs();
    }
    return Error(Errc::failed, "processes that share port " + number() + " with the one that was ended keep coming up");
  }

 private:
  [[nodiscard]] std::string number() const { return std::to_string(port_); }

  Result<> end_all(const std::vector<Holder>& targets) {
    for (const auto& target : targets) {
      if (auto reason = eviction_refusal(target)) return Error(Errc::refused, describe(target) + " is left alone: " + *reason);
      TRY(end_process(*target.process, grace_));
    }
    return {};
  }

  /// True when nothing of the holder listens any more. A listener that was not there before has taken its place: an error.
  Result<bool> own_sockets_gone() {
    TRY_ASSIGN(const auto listeners, os::listeners_on(port_));
    bool gone = true;
    for (const auto& socket : listeners) {
      if (contains(own_, socket.inode)) gone = false;
      if (!contains(own_, socket.inode) && !contains(before_, socket.inode)) return respawned(socket.inode);
    }
    return gone;
  }

  [[nodiscard]] Error respawned(std::uint64_t inode) const {
    std::string successor = "another process";
    for (const auto& holder : holders_of(port_)) {
      if (contains(inodes_of(holder.sockets), inode)) successor = describe(holder);
    }
    return Error(Errc::failed, "port " + number() + " was taken again at once by " + successor,
                 "something starts it anew: stop what supervises it");
  }

  /// Who else has the holder's sockets, now that it is gone.
  [[nodiscard]] std::vector<Holder> heirs() const {
    std::vector<Holder> found;
    for (auto& holder : holders_of(port_)) {
      const auto inodes = inodes_of(holder.sockets);
      if (std::any_of(inodes.begin(), inodes.end(), [this](auto inode) { return contains(own_, inode); }))
        found.push_back(std::move(holder));
    }
    // Nobody: they are about to be gone, and the next look tells.
    if (found.empty()) std::this_thread::sleep_for(kPollInterval);
    return found;
  }

  /// Nobody of the holder's listens. Free now, unless other holders are left, or connections of a server that did not
  /// set SO_REUSEADDR.
  Result<> wait_for_closing() {
    const auto deadline = std::chrono::steady_clock::now() + kClosePatience;
    while (probe(port_) == Verdict::busy) {
      TRY_ASSIGN(const auto listeners, os::listeners_on(port_));
      for (const auto& socket : listeners) {
        if (!contains(before_, socket.inode)) return respawned(socket.inode);
      }
      if (!listeners.empty()) return {};
      if (std::chrono::steady_clock::now() >= deadline) {
        return Error(Errc::failed, "port " + number() + " is still closing its connections", "it is free within 60 s");
      }
      std::this_thread::sleep_for(kPollInterval);
    }
    return {};
  }

  Port port_;
  std::chrono::milliseconds grace_;
  Inodes own_;
  Inodes before_;
  const Holder& named_;
};

}  // namespace

std::optional<std::string> eviction_refusal(const Holder& holder) {
  if (holder.ours) return ownership_clause(*holder.ours);
  switch (holder.kind) {
    case Holder::Kind::fence:
      return "a running devinit keeps it for one of its services";
    case Holder::Kind::leftovers:
      return "no process listens there: what is left of its connections goes by itself";
    case Holder::Kind::hidden:
      return "it belongs to uid " + std::to_string(holder.uid) + " and the kernel does not show which process it is";
    case Holder::Kind::listener:
      break;
  }
  ASSERT(holder.process);
  return process_refusal(*holder.process);
}

Result<> evict(const Holder& holder, Port port, std::chrono::milliseconds grace) {
  ASSERT(port != 0);
  return Eviction(holder, port, grace).run();
}

}  // namespace devinit::ports
