#include "os/spawn.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/assert.hpp"
#include "os/spawn_child.hpp"
#include "os/spawn_error.hpp"

namespace devinit::os {

namespace {

/// Strings as exec takes them: pointers that end with a null. They point into the object, which therefore stays where it is.
class StringArray {
 public:
  explicit StringArray(std::vector<std::string> strings) : strings_(std::move(strings)) {
    pointers_.reserve(strings_.size() + 1);
    for (std::string& text : strings_) pointers_.push_back(text.data());
    pointers_.push_back(nullptr);
  }
  StringArray(const StringArray&) = delete;
  StringArray& operator=(const StringArray&) = delete;

  [[nodiscard]] char* const* get() const { return pointers_.data(); }

 private:
  std::vector<std::string> strings_;
  std::vector<char*> pointers_;
};

std::vector<std::string> entries_of(const Environment& environment) {
  std::vector<std::string> entries;
  entries.reserve(environment.size());
  for (const auto& [name, value] : environment) entries.push_back(name + '=' + value);
  return entries;
}

bool names_target(const SpawnRequest& request, int target) {
  return std::any_of(request.fds.begin(), request.fds.end(), [&](const auto& fd) { return fd.second == target; });
}

/// The moves by ascending target; a standard descriptor that the request does not name comes from `null_device`.
std::vector<DescriptorMove> moves_of(const SpawnRequest& request, int null_device) {
  std::vector<DescriptorMove> moves;
  for (int target = 0; target <= 2; ++target) {
    if (!names_target(request, target)) moves.push_back({null_device, target});
  }
  for (const auto& [source, target] : request.fds) {
    ASSERT(source >= 0 && target >= 0);
    moves.push_back({source, target});
  }
  const auto by_target = [](const DescriptorMove& a, const DescriptorMove& b) { return a.target < b.target; };
  std::sort(moves.begin(), moves.end(), by_target);
  const auto same_target = [](const DescriptorMove& a, const DescriptorMove& b) { return a.target == b.target; };
  ASSERT(std::adjacent_find(moves.begin(), moves.end(), same_target) == moves.end());
  return moves;
}

int descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > (1U << 20)) return 1 << 20;
  return static_cast<int>(limit.rlim_cur);
}

Error clone_error(const std::string& command, int error) {
  Error report = errno_error("cannot start a process for " + command, error);
  if (error == EAGAIN) report.hint = "the limit of processes is reached (ulimit -u, or the container's)";
  return report;
}

Error step_error(const SpawnRequest& request, const std::string& path, SpawnStep step, int error) {
  const std::string& command = request.argv.front();
  switch (step) {
    case SpawnStep::none:
      return clone_error(command, error);
    case SpawnStep::session:
      return errno_error("cannot make a session for " + command, error);
    case SpawnStep::group:
      return errno_error("cannot make a process group for " + command, error);
    case SpawnStep::directory:
      return folder_error(request.cwd, error);
    case SpawnStep::descriptors:
      return errno_error("cannot hand over the file descriptors of " + command, error);
    case SpawnStep::exec:
      return exec_error(request, path, error);
  }
  return errno_error("cannot start " + command, error);
}

/// How one attempt ended; `step` is none and `error` 0 when the program runs.
struct Attempt {
  Cloned child;
  SpawnStep step = SpawnStep::none;
  int error = 0;
};

Attempt attempt(const SpawnRequest& request, const std::string& path, const std::vector<std::string>& argv, int null_device) {
  const StringArray arguments(argv);
  const StringArray environment(entries_of(request.environment));
  ChildPlan plan;
  plan.path = path.c_str();
  plan.executable = request.executable;
  plan.argv = arguments.get();
  plan.envp = environment.get();
  plan.cwd = request.cwd.empty() ? nullptr : request.cwd.c_str();
  plan.new_session = request.new_session;
  plan.new_group = request.new_group;
  if (request.dies_with_us) plan.dies_with = ::getpid();
  plan.moves = moves_of(request, null_device);
  plan.first_free = plan.moves.back().target + 1;
  plan.descriptor_limit = descriptor_limit();
  const Cloned child = clone_child(plan);
  return {child, plan.failed_step, child.pid < 0 ? child.error : plan.error};
}

/// Looked at beforehand, so that a command that is relative to a missing folder is not called missing.
Result<> check_folder(const std::string& cwd) {
  struct stat status {};
  if (cwd.empty()) return {};
  if (::stat(cwd.c_str(), &status) != 0) return folder_error(cwd, errno);
  if (!S_ISDIR(status.st_mode)) return folder_error(cwd, ENOTDIR);
  return {};
}

Result<std::string> path_to_run(const SpawnRequest& request) {
  if (request.executable >= 0) return std::string();
  std::string path = find_executable(request.argv.front(), request.environment, request.cwd);
  if (path.empty()) return command_error(request);
  return path;
}

/// `argv` of the shell that runs the script at `path`.
std::vector<std::string> shell_arguments(const SpawnRequest& request, const std::string& path) {
  std::vector<std::string> argv{"/bin/sh", path};
  argv.insert(argv.end(), request.argv.begin() + 1, request.argv.end());
  return argv;
}

}  // namespace

Result<Spawned> spawn(const SpawnRequest& request) {
  ASSERT(!request.argv.empty());
  TRY(check_folder(request.cwd));
  TRY_ASSIGN(const std::string path, path_to_run(request));
  const UniqueFd null_device(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null_device.valid()) return errno_error("cannot open /dev/null", errno);

  Attempt result = attempt(request, path, request.argv, null_device.get());
  // A text file without "#!" is a script of the shell, as every shell has it.
  if (result.error == ENOEXEC && request.executable < 0 && looks_like_script(path_from(request.cwd, path))) {
    result = attempt(request, "/bin/sh", shell_arguments(request, path), null_device.get());
  }
  if (result.error != 0) return step_error(request, path, result.step, result.error);

  // It is not reaped yet, so the number is still its own even if it has ended. Only a caller that ignores SIGCHLD can miss it.
  const ProcessIdentity identity = identify(result.child.pid).value_or(ProcessIdentity{result.child.pid, 0});
  return Spawned{identity, UniqueFd(result.child.pidfd)};
}

}  // namespace devinit::os
