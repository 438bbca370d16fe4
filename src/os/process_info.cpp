#include <pwd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "os/proc_file.hpp"
#include "os/process.hpp"
#include "os/process_table.hpp"

namespace devinit::os {

namespace {

constexpr std::size_t kContainerIdDigits = 64;
constexpr std::size_t kShownDigits = 12;

bool is_hex_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

/// The *effective* user of a process: the one whose rights it has. The owner of /proc/PID would be root for a process that is
/// not dumpable.
std::optional<uid_t> effective_user(pid_t pid) {
  std::array<char, 4096> buffer;
  const auto status = read_start(ProcPath(pid, "status").c_str(), buffer);
  constexpr std::string_view kLabel = "\nUid:\t";
  const std::size_t label = status ? status->find(kLabel) : std::string_view::npos;
  if (label == std::string_view::npos) return std::nullopt;
  const std::size_t effective = status->find('\t', label + kLabel.size());
  if (effective == std::string_view::npos) return std::nullopt;
  uid_t uid = 0;
  const auto parsed = std::from_chars(status->data() + effective + 1, status->data() + status->size(), uid);
  if (parsed.ec != std::errc{}) return std::nullopt;
  return uid;
}

std::string account_name(uid_t uid) {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 8192> buffer;
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) return found->pw_name;
  return std::to_string(uid);
}

/// Arguments end with a NUL each. A process that writes its title over them leaves a tail of NULs, which are no arguments.
std::vector<std::string> split_command(std::string_view text) {
  text = text.substr(0, text.find_last_not_of('\0') + 1);
  std::vector<std::string> arguments;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\0'), text.size());
    arguments.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return arguments;
}

/// The path of a program that has been replaced on disk ends with a note of the kernel; the program is still that program.
std::string without_deleted_note(std::string path) {
  constexpr std::string_view kNote = " (deleted)";
  if (path.ends_with(kNote)) path.resize(path.size() - kNote.size());
  return path;
}

std::chrono::seconds age_of(const ProcessIdentity& identity) {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  const auto ticks_per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  const auto started = static_cast<std::int64_t>(identity.start_ticks / ticks_per_second);
  return std::chrono::seconds(std::max<std::int64_t>(now.tv_sec - started, 0));
}

bool same_namespace(pid_t pid, std::string_view name) {
  struct stat ours {};
  struct stat theirs {};
  return ::stat(ProcPath(::getpid(), name).c_str(), &ours) == 0 && ::stat(ProcPath(pid, name).c_str(), &theirs) == 0 &&
         ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

}  // namespace

std::string container_id_in(std::string_view cgroups) {
  std::string_view innermost;
  for (std::size_t at = 0; at < cgroups.size();) {
    std::size_t end = at;
    while (end < cgroups.size() && is_hex_digit(cgroups[end])) ++end;
    if (end - at == kContainerIdDigits) innermost = cgroups.substr(at, kShownDigits);
    at = end + 1;
  }
  return std::string(innermost);
}

std::optional<ProcessInfo> process_info(pid_t pid) {
  auto stat = process_stat(pid);
  const auto uid = effective_user(pid);
  if (!stat || !uid) return std::nullopt;
  ProcessInfo info;
  info.stat = std::move(*stat);
  info.uid = *uid;
  info.user = account_name(*uid);
  info.command = split_command(read_whole(ProcPath(pid, "cmdline").c_str()).value_or(""));
  info.cwd = read_link(ProcPath(pid, "cwd").c_str());
  info.exe = without_deleted_note(read_link(ProcPath(pid, "exe").c_str()));
  info.age = age_of(info.stat.identity);
  info.container = container_id_in(read_whole(ProcPath(pid, "cgroup").c_str()).value_or(""));
  return info;
}

std::optional<std::string> process_environment(pid_t pid, const std::string& name) {
  const auto block = read_whole(ProcPath(pid, "environ").c_str());
  if (!block) return std::nullopt;
  const std::string prefix = name + '=';
  for (std::string_view rest = *block; !rest.empty();) {
    const std::string_view entry = rest.substr(0, rest.find('\0'));
    if (entry.starts_with(prefix)) return std::string(entry.substr(prefix.size()));
    rest.remove_prefix(std::min(entry.size() + 1, rest.size()));
  }
  return std::nullopt;
}

bool shares_our_namespaces(pid_t pid) {
  return same_namespace(pid, "ns/user") && same_namespace(pid, "ns/pid") && same_namespace(pid, "ns/net");
}

Environment current_environment() {
  Environment environment;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    // Of a name that stands there twice getenv(3) sees the first.
    if (equals != text.npos) environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

std::string variable(const Environment& environment, const char* name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

}  // namespace devinit::os
