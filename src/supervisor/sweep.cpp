#include "supervisor/sweep.hpp"

#include <algorithm>
#include <csignal>
#include <map>

#include "os/children.hpp"
#include "os/self.hpp"
#include "ports/holder.hpp"
#include "supervisor/child_launch.hpp"

namespace devinit::supervisor {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Millis kGuardianPatience{30'000};
constexpr Millis kKillBudget{10'000};

os::ProcessIdentity identity_of(const api::RecordedProcess& process) { return {process.pid, process.start_ticks}; }

std::string label(const os::ProcessIdentity& process) {
  const auto info = os::process_info(process.pid);
  return std::to_string(process.pid) + (info ? " (" + ports::command_line(*info) + ")" : "");
}

bool is_shared_daemon(const std::string& name) {
  const std::string all = "," + shared_daemons() + ",";
  return all.find("," + name + ",") != std::string::npos;
}

/// A session or group id is not reused while a member lives, so a member that is not older than the recorded leader belongs to it.
bool belongs(pid_t id, const os::ProcessStat& process, const std::optional<api::RecordedProcess>& recorded) {
  if (!recorded || id != recorded->pid || process.identity.start_ticks < recorded->start_ticks) return false;
  const auto leader = os::process_stat(id);  // a pid that came back leads another session
  return !leader || leader->identity == identity_of(*recorded);
}

bool is_ours(const api::StateFile& state, const os::ProcessStat& process) {
  for (const auto& service : state.services) {
    for (const auto& recorded : {service.guardian, service.leader}) {
      if (recorded && process.identity == identity_of(*recorded)) return true;
    }
    if (belongs(process.sid, process, service.guardian) || belongs(process.pgid, process, service.leader)) return true;
  }
  return os::process_environment(process.identity.pid, "DEVINIT_COOKIE") == state.cookie;
}

std::vector<os::ProcessIdentity> find_survivors(const api::StateFile& state) {
  const auto all = os::all_processes();
  const auto own_line = os::ancestors(os::own_pid());
  std::set<pid_t> found;
  for (const auto& process : all) {
    const pid_t pid = process.identity.pid;
    if (process.state == 'Z' || process.kernel_thread || std::count(own_line.begin(), own_line.end(), pid) > 0) continue;
    if (is_ours(state, process)) found.insert(pid);
  }
  for (bool grown = true; grown;) {
    grown = false;
    for (const auto& process : all) {
      const bool child = found.contains(process.ppid) && std::count(own_line.begin(), own_line.end(), process.identity.pid) == 0;
      if (process.state != 'Z' && child) grown |= found.insert(process.identity.pid).second;
    }
  }
  std::vector<os::ProcessIdentity> result;
  for (const auto& process : all) {
    if (found.contains(process.identity.pid) && !is_shared_daemon(process.name)) result.push_back(process.identity);
  }
  return result;
}

void wait_for_all(const std::vector<os::ProcessIdentity>& processes, TimePoint until) {
  for (const auto& process : processes) {
    const auto left = std::chrono::duration_cast<Millis>(until - Clock::now());
    if (left.count() <= 0 || !os::wait_for_exit(process, left)) return;
  }
}

void signal_all(const std::vector<os::ProcessIdentity>& processes, int signal) {
  for (const auto& process : processes) {
    if (!os::send_signal(process, signal)) continue;  // EPERM: reported as a survivor in the end
  }
}

}  // namespace

SweepReport sweep(const api::StateFile& state, Millis grace) {
  SweepReport report;
  if (state.clean || state.boot_id != os::boot_id()) return report;
  std::vector<os::ProcessIdentity> guardians;
  for (const auto& service : state.services) {
    if (!service.guardian) continue;
    const auto stat = os::process_stat(service.guardian->pid);
    const bool at_work = stat && stat->identity == identity_of(*service.guardian) && stat->state != 'T' && stat->state != 'Z';
    if (at_work) guardians.push_back(stat->identity);
  }
  wait_for_all(guardians, Clock::now() + kGuardianPatience);  // each is ending its tree by itself
  auto survivors = find_survivors(state);
  if (survivors.empty()) return report;
  std::map<pid_t, std::string> labels;
  for (const auto& process : survivors) labels[process.pid] = label(process);
  signal_all(survivors, SIGTERM);
  signal_all(survivors, SIGCONT);  // a stopped process cannot obey
  wait_for_all(survivors, Clock::now() + grace);
  const auto give_up_at = Clock::now() + kKillBudget;
  Millis patience{2};
  for (survivors = find_survivors(state); !survivors.empty() && Clock::now() < give_up_at; survivors = find_survivors(state)) {
    for (const auto& process : survivors) labels.try_emplace(process.pid, label(process));
    signal_all(survivors, SIGKILL);
    wait_for_all(survivors, Clock::now() + patience);
    patience = std::min(patience * 2, Millis(100));
  }
  for (const auto& [pid, text] : labels) {
    const bool remains = std::any_of(survivors.begin(), survivors.end(), [pid = pid](const auto& process) { return process.pid == pid; });
    (remains ? report.survivors : report.ended).push_back(text);
  }
  return report;
}

std::vector<os::ProcessIdentity> orphans_of_lost_guardians(const std::vector<os::ProcessIdentity>& living_guardians,
                                                           const std::set<pid_t>& spared) {
  // Candidates first, then what is safe: a child that a healthy service forks in between is in no list of candidates.
  const auto all = os::process_tree(os::own_pid());
  std::set<pid_t> safe;
  const auto keep_tree = [&safe](pid_t root) {
    for (const auto pid : os::process_tree(root)) safe.insert(pid);
  };
  for (const auto& guardian : living_guardians) {
    if (os::is_alive(guardian)) keep_tree(guardian.pid);
  }
  std::vector<os::ProcessIdentity> candidates;
  for (const auto pid : all) {
    const auto stat = os::process_stat(pid);
    if (pid == os::own_pid() || !stat || stat->state == 'Z') continue;
    if (spared.contains(pid) || is_shared_daemon(stat->name)) keep_tree(pid);
    candidates.push_back(stat->identity);
  }
  std::erase_if(candidates, [&safe](const auto& process) { return safe.contains(process.pid); });
  return candidates;
}

}  // namespace devinit::supervisor
