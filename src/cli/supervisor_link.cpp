#include "cli/supervisor_link.hpp"

#include <algorithm>
#include <charconv>

#include "api/state_file.hpp"
#include "cli/output.hpp"
#include "os/directory_watch.hpp"
#include "os/file_lock.hpp"
#include "os/files.hpp"
#include "os/own_executable.hpp"
#include "os/readable.hpp"
#include "os/self.hpp"
#include "os/spawn.hpp"
#include "os/unix_socket.hpp"

namespace devinit::cli {
namespace {

using Clock = std::chrono::steady_clock;

/// For a supervisor that has the lock and does not listen yet (or any more).
constexpr auto kStartPatience = std::chrono::seconds(60);
/// Backstop for a lock that is released after the last event about its file: the look is repeated at least this often.
constexpr auto kLookAgain = std::chrono::milliseconds(100);
constexpr int kReadyFd = 3;

/// The supervisor must not look like a service of an outer devinit, or that one's sweep ends it.
os::Environment supervisor_environment(os::Environment environment) {
  for (const char* name : {"DEVINIT_COOKIE", "DEVINIT_ROOT", "DEVINIT_PROJECT", "DEVINIT_SERVICE"}) environment.erase(name);
  return environment;
}

Error interrupted() { return Error(Errc::interrupted, "interrupted"); }

/// Reads what the new supervisor says on its ready pipe, up to the end of file or a whole first line that ends the
/// conversation.
Result<std::string> read_ready_pipe(int fd, int cancel_fd) {
  std::string text;
  while (text != "ready\n" && text != "taken\n") {
    const auto readable = os::wait_readable({fd, cancel_fd});
    if (readable[1]) return interrupted();
    TRY_ASSIGN(const auto more, os::read_some(fd));
    if (more.empty()) break;
    text += more;
  }
  return text;
}

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

/// CODE of the ready pipe: the name of an Errc, or its number.
Errc errc_of(const std::string& code) {
  int number = -1;
  std::from_chars(code.data(), code.data() + code.size(), number);
  for (int value = static_cast<int>(Errc::usage); value <= static_cast<int>(Errc::failed); ++value) {
    const auto candidate = static_cast<Errc>(value);
    if (value == number || code == code_name(candidate)) return candidate;
  }
  return Errc::failed;
}

/// "error CODE\nmessage\nhint": the last line is the hint, what stands between is the message.
Error startup_error(const Project& project, const std::string& text) {
  const auto lines = split_lines(text);
  constexpr std::string_view kPrefix = "error ";
  if (lines.size() < 2 || !lines[0].starts_with(kPrefix)) {
    return Error(Errc::failed, "the supervisor ended before it was ready", "its log is " + project.paths.supervisor_log);
  }
  std::string message = lines[1];
  for (std::size_t i = 2; i + 1 < lines.size(); ++i) message += "\n" + lines[i];
  return Error(errc_of(lines[0].substr(kPrefix.size())), message, lines.size() > 2 ? lines.back() : std::string());
}

/// Starts a supervisor: true when it is ready, false when another one was faster.
Result<bool> start_supervisor(const Project& project, int cancel_fd) {
  TRY_ASSIGN(auto ready, os::make_pipe());
  os::SpawnRequest request;
  request.argv = {os::own_executable(), "supervise", "--root", project.root(), "--ready-fd", std::to_string(kReadyFd)};
  if (!project.run.empty()) request.argv.insert(request.argv.end(), {"--run", project.run});
  request.environment = supervisor_environment(project.environment);
  request.cwd = "/";  // a long-lived process must not keep a file system busy
  request.fds = {{ready.write_end.get(), kReadyFd}};
  request.new_session = true;
  TRY_ASSIGN(const auto child, os::spawn(request));
  ready.write_end.reset();  // so that its death is the end of file
  TRY_ASSIGN(const auto said, read_ready_pipe(ready.read_end.get(), cancel_fd));
  if (said == "ready\n") return true;
  if (said == "taken\n") return false;
  return startup_error(project, said);
}

std::optional<os::ProcessIdentity> lock_owner(const Project& project) {
  const auto text = os::read_text_file(project.paths.lock_file);
  if (!text) return std::nullopt;
  const auto owner = api::decode_lock_text(*text);
  return owner ? os::identify(owner->pid) : std::nullopt;
}

/// Waits until something happens to the lock file or its owner ends. False when interrupted.
bool wait_for_lock_change(const Project& project, os::DirectoryWatch& watch, int cancel_fd) {
  os::UniqueFd owner;
  if (const auto identity = lock_owner(project)) {
    if (auto pidfd = os::open_pidfd(*identity)) owner = std::move(*pidfd);
  }
  const auto readable = os::wait_readable({watch.fd(), owner.get(), cancel_fd}, kLookAgain);
  watch.drain();
  return !readable[2];
}

}  // namespace

Error no_answer(const Project& project) {
  const auto owner = lock_owner(project);
  const std::string pid = owner ? std::to_string(owner->pid) : std::string();
  return Error(Errc::timeout, "the supervisor of this project" + (owner ? " (process " + pid + ")" : "") + " does not answer",
               "is it stopped? `kill -CONT" + (owner ? " " + pid : "") + "` lets it go on; its log is " + project.paths.supervisor_log);
}

Result<api::Client> SupervisorLink::connect() const {
  TRY_ASSIGN(auto fd, os::connect_unix(socket));
  if (const auto uid = os::peer_uid(fd.get()); uid != os::own_uid()) {
    return Error(Errc::refused, "the supervisor of this project belongs to another user (uid " + std::to_string(uid) + ")",
                 "nothing was sent to it; who else can write the project folder?");
  }
  return api::Client(fd.release());
}

std::optional<SupervisorLink> find_supervisor(const Project& project) {
  if (!os::FileLock::is_held(project.paths.lock_file)) return std::nullopt;
  const auto text = os::read_text_file(project.paths.lock_file);
  if (!text) return std::nullopt;
  const auto owner = api::decode_lock_text(*text);
  if (!owner) return std::nullopt;
  const auto process = os::identify(owner->pid);
  if (!process) return std::nullopt;
  return SupervisorLink{owner->socket, *process};
}

Result<Connection> find_or_start_supervisor(const Project& project, int cancel_fd) {
  TRY(os::create_data_directories(project.paths));
  // Made only when there is something to wait for: to close an inotify instance takes milliseconds.
  std::optional<os::DirectoryWatch> watch;
  const auto deadline = Clock::now() + kStartPatience;
  while (Clock::now() < deadline) {
    if (watch) watch->drain();
    if (auto link = find_supervisor(project)) {
      // Kept, not only tried: a supervisor with nothing to do ends with its last connection.
      auto client = link->connect();
      if (client) return Connection{std::move(*link), std::move(*client)};
      if (client.error().code == Errc::refused) return client.error();
    }
    if (!os::FileLock::is_held(project.paths.lock_file)) {
      TRY_ASSIGN(const bool started, start_supervisor(project, cancel_fd));
      if (started) continue;
    }
    if (!watch) {
      TRY_ASSIGN(watch, os::DirectoryWatch::on(project.paths.data));
      continue;  // what happened before it was there is seen by another look
    }
    if (!wait_for_lock_change(project, *watch, cancel_fd)) return interrupted();
  }
  return no_answer(project);
}

Result<Connection> send_request(const Project& project, const api::Request& request, api::Patience patience) {
  patience.limit = kAnswerPatience;
  constexpr int kAttempts = 3;
  for (int attempt = 1;; ++attempt) {
    TRY_ASSIGN(auto connection, find_or_start_supervisor(project, patience.cancel_fd));
    const auto sent = connection.client.send(request, patience);
    if (sent) return connection;
    const Errc code = sent.error().code;
    if (code == Errc::timeout) return no_answer(project);
    // It accepted us in the last moment of its life; anything else it would say again.
    if (code != Errc::io || attempt == kAttempts) return sent.error();
    if (!os::wait_for_exit(connection.link.process, std::chrono::seconds(1))) return sent.error();
  }
}

}  // namespace devinit::cli
