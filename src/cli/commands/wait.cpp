#include <algorithm>

#include "cli/clock_time.hpp"
#include "cli/commands/commands.hpp"
#include "cli/failure_report.hpp"
#include "cli/sanitize.hpp"
#include "cli/status_source.hpp"
#include "cli/supervisor_link.hpp"
#include "cli/targets.hpp"
#include "cli/wait_goal.hpp"
#include "os/deadline.hpp"
#include "os/directory_watch.hpp"
#include "os/file_lock.hpp"
#include "os/files.hpp"
#include "os/interrupts.hpp"
#include "os/readable.hpp"

namespace devinit::cli {
namespace {

constexpr std::chrono::seconds kPatience{60};
/// Between two looks at a supervisor that has its lock and does not serve (yet, or any more): its first connection is no event in the folder.
constexpr int kLookAgainMs = 20;

/// `path`, or the nearest folder above it that exists.
std::string nearest_folder(std::string path) {
  while (!os::is_directory(path) && path.rfind('/') != 0) path.resize(path.rfind('/'));
  return os::is_directory(path) ? path : "/";
}

/// One `devinit wait`: follows the supervisors that come and go until the goal is reached, lost, or the time is over.
class Waiting {
 public:
  Waiting(const Project& project, std::vector<std::string> names, WaitFor goal, Millis patience, os::Interrupts& interrupts)
      : project_(project), names_(std::move(names)), goal_(goal), deadline_(patience), interrupts_(interrupts) {}

  /// `pending`: the time is over. Errc::interrupted; Errc::io when the folder cannot be watched.
  Result<Standing> run() {
    while (true) {
      TRY(watch_nearest_folder());
      watch_->drain();
      TRY_ASSIGN(const auto followed, follow());
      if (followed != Standing::pending) return followed;
      if (at_rest() == Standing::met) return Standing::met;
      const int left = deadline_.remaining_ms();
      if (left == 0) return Standing::pending;
      const bool held = os::FileLock::is_held(project_.paths.lock_file);
      TRY_ASSIGN(const bool changed, wait_for(watch_->fd(), held ? std::min(left, kLookAgainMs) : left));
      static_cast<void>(changed);
    }
  }
  [[nodiscard]] std::vector<engine::ServiceSnapshot> services() const { return awaited_services(latest_, names_, goal_); }
  [[nodiscard]] const engine::ProjectSnapshot& latest() const noexcept { return latest_; }

 private:
  /// Where the first start makes devinit's own folder, which is not ours to make. Asked again once it is watched: that may have just come.
  Result<> watch_nearest_folder() {
    for (auto folder = nearest_folder(project_.paths.data); folder != watched_; folder = nearest_folder(project_.paths.data)) {
      TRY_ASSIGN(watch_, os::DirectoryWatch::on(folder));
      watched_ = folder;
    }
    return {};
  }

  /// Listens to the live supervisor until that ends; `pending` as well when there is none.
  Result<Standing> follow() {
    const auto link = find_supervisor(project_);
    if (!link) return Standing::pending;
    auto client = link->connect();
    if (!client && client.error().code == Errc::refused) return client.error();
    api::Request request;
    request.op = api::Request::Op::watch;
    if (!client) return Standing::pending;
    if (const auto sent = client->send(request, patience()); !sent) {
      const auto code = sent.error().code;
      return code == Errc::io || code == Errc::timeout ? Result<Standing>(Standing::pending) : sent.error();
    }
    bool complete = false;  // until `Done` only some of the services are known
    while (deadline_.remaining_ms() > 0) {
      if (!client->buffered()) {
        TRY_ASSIGN(const bool readable, wait_for(client->fd(), deadline_.remaining_ms()));
        if (!readable) break;
      }
      const auto event = client->next();
      if (!event && event.error().code == Errc::interrupted) return event.error();
      if (!event || !*event) break;
      complete = take(**event) || complete;
      const auto standing = complete ? standing_of(services(), goal_) : Standing::pending;
      if (standing != Standing::pending) return standing;
    }
    return Standing::pending;
  }

  /// True for the event that completes the picture.
  bool take(const api::Event& event) {
    if (const auto* done = std::get_if<api::Done>(&event)) {
      latest_ = done->project;
      return true;
    }
    if (const auto* changed = std::get_if<api::ServiceChanged>(&event)) {
      const auto known = std::ranges::find(latest_.services, changed->service.name, &engine::ServiceSnapshot::name);
      if (known == latest_.services.end()) {
        latest_.services.push_back(changed->service);
      } else {
        *known = changed->service;
      }
    }
    return false;
  }

  /// Without a supervisor. A failure of an earlier start decides nothing: the one that is waited for may be about to begin.
  Standing at_rest() {
    const auto run = read_last_run(project_);
    if (run.lock_held) return Standing::pending;
    latest_ = derive_snapshot(project_, run);
    return standing_of(services(), goal_);
  }

  Result<bool> wait_for(int fd, int milliseconds) {
    const auto readable = os::wait_readable({fd, interrupts_.fd()}, std::chrono::milliseconds(milliseconds));
    if (readable[1]) return Error(Errc::interrupted, "interrupted");
    return readable[0];
  }

  [[nodiscard]] api::Patience patience() const {
    const auto left = std::chrono::milliseconds(std::max(deadline_.remaining_ms(), 1));
    return {.limit = std::min<std::chrono::milliseconds>(left, kAnswerPatience), .cancel_fd = interrupts_.fd()};
  }

  const Project& project_;
  std::vector<std::string> names_;
  WaitFor goal_;
  os::Deadline deadline_;
  os::Interrupts& interrupts_;
  std::string watched_;
  std::optional<os::DirectoryWatch> watch_;
  engine::ProjectSnapshot latest_;
};

/// For people each with the end of its log; for a program one error document, as every error.
Result<int> report_lost(const Context& context, const Project& project, const Waiting& waiting, WaitFor goal) {
  std::string message;
  std::string names;
  for (const auto& service : waiting.services()) {
    if (standing_of(service, goal) != Standing::lost) continue;
    if (!context.arguments.json) report_failure(failure_of(project, service), context.output);
    message += (message.empty() ? "" : "; ") + service.name + " failed: " + service.detail;
    names += " " + service.name;
  }
  if (context.arguments.json) return Error(Errc::failed, message, "devinit logs" + names + " shows more");
  return exit_code_of(Errc::failed);
}

/// `completed` is met by any end: the exit code says which it was.
void tell_exit_codes(const Waiting& waiting, Output& output) {
  for (const auto& service : waiting.services()) {
    if (service.exit_code.value_or(0) != 0) output.say(sanitized(service.name + " has ended with exit code " + std::to_string(*service.exit_code)));
  }
}

Error too_late(const Waiting& waiting, WaitFor goal, Millis patience) {
  return Error(Errc::timeout, std::string("not all ") + to_string(goal) + " after " + format_duration(patience) + ": " +
                                  pending_text(waiting.services(), goal),
               "devinit status shows more; --timeout waits longer");
}

}  // namespace

Result<int> run_wait(const Context& context) {
  const auto& wish = context.arguments.supervision;
  TRY_ASSIGN(auto interrupts, os::Interrupts::block());
  TRY_ASSIGN(const auto project, context.project());
  TRY_ASSIGN(const auto config, load_config(project));
  TRY_ASSIGN(auto names, resolve_targets(config, context.arguments.targets, wish.profiles));
  const auto patience = wish.timeout.value_or(kPatience);
  Waiting waiting(project, std::move(names), wish.wait_for, patience, interrupts);
  TRY_ASSIGN(const auto standing, waiting.run());
  if (context.arguments.json && standing == Standing::met) context.output.data(api::encode_status(waiting.latest(), seconds_now()));
  if (standing == Standing::lost) return report_lost(context, project, waiting, wish.wait_for);
  if (standing == Standing::pending) return too_late(waiting, wish.wait_for, patience);
  if (wish.wait_for == WaitFor::completed) tell_exit_codes(waiting, context.output);
  return 0;
}

}  // namespace devinit::cli
