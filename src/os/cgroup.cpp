#include "os/cgroup.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <memory>

#include "os/cgroup_place.hpp"
#include "os/files.hpp"
#include "os/proc_file.hpp"
#include "os/process.hpp"

namespace devinit::os {
namespace {

constexpr std::string_view kPrefix = "devinit-";

Error refusal(const std::string& reason) { return Error(Errc::refused, reason); }

Error refusal(const std::string& what, int error) { return refusal(errno_error(what, error).message); }

std::string content(const std::string& path) { return read_whole(path.c_str()).value_or(std::string()); }

/// Our own group: nobody but we would take us out of it.
const std::string& own_folder() {
  static const std::string folder = cgroup_folder(content("/proc/self/mountinfo"), content("/proc/self/cgroup"));
  return folder;
}

/// errno, or 0.
int write_value(const std::string& path, std::string_view value) noexcept {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file.valid()) return errno;
  return ::write(file.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size()) ? 0 : errno;
}

/// Groups below `parent` get a controller only when it says so, and a group with processes of its own (but for the topmost one) may not say so.
Result<> provide(const std::string& parent, std::string_view controller) {
  const std::string name(controller);
  if (has_word(content(parent + "/cgroup.subtree_control"), controller)) return {};
  if (!has_word(content(parent + "/cgroup.controllers"), controller)) return refusal(parent + " has no " + name + " controller");
  const int error = write_value(parent + "/cgroup.subtree_control", "+" + name);
  if (error == EBUSY) return refusal(parent + " cannot share its " + name + " controller while processes run in it");
  if (error != 0) return refusal("the " + name + " controller of " + parent, error);
  return {};
}

/// Who starts a process in a group below ours takes it out of ours, which needs this.
Result<> check_writable(const std::string& parent) {
  if (parent.empty()) return refusal("there is no control group to be had: no cgroups of version 2 are mounted");
  if (::access(parent.c_str(), W_OK) != 0 || ::access((parent + "/cgroup.procs").c_str(), W_OK) != 0) {
    return refusal(parent + ", our control group, is not ours to write");
  }
  return {};
}

/// "devinit-PID-START-": whose groups these are, for certain.
std::string own_prefix() {
  const auto self = identify(::getpid()).value_or(ProcessIdentity{});
  return std::string(kPrefix) + std::to_string(self.pid) + "-" + std::to_string(self.start_ticks) + "-";
}

/// The maker of a group, by the name of its folder.
std::optional<ProcessIdentity> maker_in(std::string_view name) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  const char* const end = name.data() + name.size();
  ProcessIdentity maker;
  const auto pid = std::from_chars(name.data() + kPrefix.size(), end, maker.pid);
  if (pid.ec != std::errc{} || pid.ptr == end || *pid.ptr != '-') return std::nullopt;
  const auto ticks = std::from_chars(pid.ptr + 1, end, maker.start_ticks);
  if (ticks.ec != std::errc{} || ticks.ptr == end || *ticks.ptr != '-') return std::nullopt;
  return maker;
}

}  // namespace

Result<Cgroup> Cgroup::make(const std::string& name) {
  const std::string& parent = own_folder();
  TRY(check_writable(parent));
  static const std::string prefix = own_prefix();
  std::string path = parent + "/" + prefix + name;
  if (::mkdir(path.c_str(), 0755) != 0) return refusal(path, errno);
  UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) {
    const int error = errno;
    ::rmdir(path.c_str());
    return refusal(path, error);
  }
  return Cgroup(std::move(path), std::move(folder));
}

Cgroup& Cgroup::operator=(Cgroup&& other) noexcept {
  if (this != &other) {
    remove();
    path_ = std::move(other.path_);
    folder_ = std::move(other.folder_);
  }
  return *this;
}

Cgroup::~Cgroup() { remove(); }

void Cgroup::remove() noexcept {
  if (folder_.valid()) ::rmdir(path_.c_str());  // the kernel refuses while something runs in it
  folder_.reset();
}

Result<> Cgroup::set(const char* file, const std::string& value) const {
  const int error = write_value(path_ + "/" + file, value);
  if (error != 0) return refusal(std::string(file) + " cannot be set to " + value, error);
  return {};
}

Result<> Cgroup::limit_memory(std::uint64_t bytes) {
  TRY(provide(parent_folder(path_), "memory"));
  TRY(set("memory.max", std::to_string(bytes)));
  (void)set("memory.swap.max", "0");   // there is none without swap
  (void)set("memory.oom.group", "1");  // half a service is worse than none
  return {};
}

Result<> Cgroup::limit_cpu(double cores) {
  TRY(provide(parent_folder(path_), "cpu"));
  constexpr double kPeriod = 100'000;  // µs, the kernel's own
  constexpr double kLeast = 1'000;     // a shorter quota is refused
  const auto quota = static_cast<std::uint64_t>(std::llround(std::max(cores * kPeriod, kLeast)));
  return set("cpu.max", std::to_string(quota) + " " + std::to_string(static_cast<std::uint64_t>(kPeriod)));
}

std::uint64_t Cgroup::oom_kills() const { return number_after(content(path_ + "/memory.events"), "oom_kill "); }

bool Cgroup::kill() noexcept { return write_value(path_ + "/cgroup.kill", "1") == 0; }

void remove_left_cgroups() {
  const std::string& parent = own_folder();
  if (parent.empty()) return;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(parent.c_str()), ::closedir);
  if (!folder) return;
  std::vector<std::string> left;
  while (const dirent* entry = ::readdir(folder.get())) {
    const auto maker = maker_in(entry->d_name);
    if (maker && !is_alive(*maker)) left.emplace_back(entry->d_name);
  }
  for (const auto& name : left) ::rmdir((parent + "/" + name).c_str());
}

std::optional<std::uint64_t> machine_oom_kills() {
  const auto text = read_whole("/proc/vmstat");
  if (!text || text->find("\noom_kill ") == std::string::npos) return std::nullopt;
  return number_after(*text, "oom_kill ");
}

std::uint64_t resident_memory(const std::vector<pid_t>& processes) {
  constexpr std::uint64_t kUnit = 1024;
  std::uint64_t sum = 0;
  std::array<char, 4096> buffer;
  for (const pid_t pid : processes) {
    const auto text = read_start(ProcPath(pid, "status").c_str(), buffer);
    if (text) sum += (number_after(*text, "RssAnon:") + number_after(*text, "RssShmem:")) * kUnit;
  }
  return sum;
}

std::uint64_t shared_out_memory(const std::vector<pid_t>& processes) {
  constexpr std::uint64_t kUnit = 1024;
  std::uint64_t sum = 0;
  std::array<char, 4096> buffer;
  for (const pid_t pid : processes) {
    const auto text = read_start(ProcPath(pid, "smaps_rollup").c_str(), buffer);
    // The parts have names since Linux 5.8; a process of another user shows nothing.
    const bool detailed = text && text->find("Pss_Anon:") != std::string_view::npos;
    sum += detailed ? (number_after(*text, "Pss_Anon:") + number_after(*text, "Pss_Shmem:")) * kUnit : resident_memory({pid});
  }
  return sum;
}

}  // namespace devinit::os
