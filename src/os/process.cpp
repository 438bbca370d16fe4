#include "os/process.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "os/proc_file.hpp"
#include "os/process_table.hpp"

namespace devinit::os {

namespace {

constexpr std::int64_t kKernelThreadFlag = 0x00200000;  // PF_KTHREAD, include/linux/sched.h

// Field numbers of /proc/PID/stat as proc(5) counts them; the name is field 2, the state field 3.
enum StatField : std::size_t { kParent = 4, kGroup = 5, kSession = 6, kFlags = 9, kStartTicks = 22, kFieldCount };
using StatNumbers = std::array<std::int64_t, kFieldCount>;

/// The numbers from field 4 on; `text` starts at the blank before them.
std::optional<StatNumbers> parse_numbers(std::string_view text) {
  StatNumbers numbers{};
  const char* at = text.data();
  const char* const end = at + text.size();
  for (std::size_t field = kParent; field < kFieldCount; ++field) {
    while (at != end && *at == ' ') ++at;
    const auto [stop, error] = std::from_chars(at, end, numbers[field]);
    if (error != std::errc{}) return std::nullopt;
    at = stop;
  }
  return numbers;
}

}  // namespace

std::optional<ProcessStat> parse_stat(std::string_view line) {
  const std::size_t open = line.find('(');
  const std::size_t close = line.rfind(')');
  if (open == line.npos || close == line.npos || close < open || close + 3 >= line.size()) return std::nullopt;

  ProcessStat stat;
  const auto [stop, error] = std::from_chars(line.data(), line.data() + open, stat.identity.pid);
  const auto numbers = parse_numbers(line.substr(close + 3));
  if (error != std::errc{} || !numbers) return std::nullopt;

  stat.name = line.substr(open + 1, close - open - 1);
  stat.state = line[close + 2];
  stat.ppid = static_cast<pid_t>((*numbers)[kParent]);
  stat.pgid = static_cast<pid_t>((*numbers)[kGroup]);
  stat.sid = static_cast<pid_t>((*numbers)[kSession]);
  stat.kernel_thread = ((*numbers)[kFlags] & kKernelThreadFlag) != 0;
  stat.identity.start_ticks = static_cast<std::uint64_t>((*numbers)[kStartTicks]);
  return stat;
}

const std::string& boot_id() {
  static const std::string id = [] {
    std::array<char, 64> buffer;
    const auto text = read_start("/proc/sys/kernel/random/boot_id", buffer).value_or("");
    return std::string(text.substr(0, text.find('\n')));
  }();
  return id;
}

std::optional<ProcessStat> process_stat(pid_t pid) {
  // The fields we need end within 530 bytes even when each number has its full length.
  std::array<char, 1024> buffer;
  const auto line = read_start(ProcPath(pid, "stat").c_str(), buffer);
  return line ? parse_stat(*line) : std::nullopt;
}

std::optional<ProcessIdentity> identify(pid_t pid) {
  const auto stat = process_stat(pid);
  if (!stat) return std::nullopt;
  return stat->identity;
}

std::vector<pid_t> all_process_ids() {
  std::vector<pid_t> pids;
  append_numbers_in("/proc", pids);
  return pids;
}

std::vector<ProcessStat> all_processes() {
  const auto pids = all_process_ids();
  std::vector<ProcessStat> table;
  table.reserve(pids.size());
  for (const pid_t pid : pids) {
    if (auto stat = process_stat(pid)) table.push_back(std::move(*stat));
  }
  return table;
}

std::vector<pid_t> ancestors(pid_t pid) {
  std::vector<pid_t> line;
  // A pid that is reused between two reads could close a circle.
  while (pid > 0 && std::find(line.begin(), line.end(), pid) == line.end()) {
    const auto stat = process_stat(pid);
    if (!stat) break;
    line.push_back(pid);
    pid = stat->ppid;
  }
  return line;
}

}  // namespace devinit::os
