#include "cli/operation.hpp"

#include <algorithm>

#include "cli/failure_report.hpp"
#include "os/readable.hpp"

namespace devinit::cli {
namespace {

using engine::State;

/// States that a service passes only when somebody has it started.
bool on_its_way_up(State state) {
  switch (state) {
    case State::waiting:
    case State::claiming:
    case State::starting:
    case State::running:
      return true;
    case State::stopped:
    case State::ready:
    case State::backing_off:
    case State::failed:
    case State::stopping:
    case State::completed:
    case State::scheduled:
      break;
  }
  return false;
}

/// For a supervisor to take the last word of a command that is leaving.
constexpr std::chrono::milliseconds kLastWordPatience{500};

Error supervisor_gone(const Project& project) {
  return Error(Errc::io, "the supervisor ended before it was done",
               "its log is " + project.paths.supervisor_log + "; the next start, stop or up cleans up");
}

}  // namespace

Operation::Operation(const Project& project, Output& output, os::Interrupts& interrupts, ConflictResolver resolver, bool live)
    : project_(project), output_(output), interrupts_(interrupts), resolver_(std::move(resolver)), progress_(output, live) {}

Result<> Operation::begin(const api::Request& request) {
  op_ = request.op;
  // It came while something else had to be waited for, a silent registry perhaps: nothing has been asked of a supervisor yet.
  if (interrupts_.take()) return Error(Errc::interrupted, "interrupted");
  TRY_ASSIGN(auto connection, send_request(project_, request, patience()));
  connection_.emplace(std::move(connection));
  return {};
}

/// Ctrl-C means the same while a request is being sent as later.
api::Patience Operation::patience() {
  const auto obey = [this] { return interrupts_.take() ? interrupt() : Result<>(); };
  return {.limit = kAnswerPatience, .cancel_fd = interrupts_.fd(), .on_cancel = obey};
}

void Operation::stream_logs(LogFollower& follower, LogFollower::Sink sink) {
  follower_ = &follower;
  sink_ = std::move(sink);
}

Result<api::Done> Operation::wait_done() {
  TRY_ASSIGN(auto done, next_done());
  return done ? Result<api::Done>(std::move(*done)) : supervisor_gone(project_);
}

Result<api::Done> Operation::outlast(api::Done failed) {
  if (!connection_) return failed;
  const auto is_up = [this](const engine::ServiceSnapshot& service) {
    return !service.external && !engine::is_down(service.state) && concerns_us(api::ServiceChanged{service});
  };
  if (!interrupted_ && std::ranges::any_of(failed.project.services, is_up)) output_.say("stopping what this command started");
  TRY_ASSIGN(auto done, next_done());
  return done ? std::move(*done) : std::move(failed);
}

Result<std::optional<api::Done>> Operation::next_done() {
  while (true) {
    TRY_ASSIGN(const bool event_waits, wait_for_event());
    if (!event_waits) continue;
    auto event = connection_->client.next();
    if (!event && event.error().code == Errc::timeout) return no_answer(project_);  // it was stopped in the middle of a line
    if (!event && event.error().code == Errc::interrupted) return event.error();
    if (!event || !*event) return std::optional<api::Done>();
    TRY(attend(**event));
    if (auto* done = std::get_if<api::Done>(&**event)) {
      if (follower_ != nullptr) follower_->pump(sink_);
      settled_ = true;
      return std::optional<api::Done>(std::move(*done));
    }
  }
}

bool Operation::concerns_us(const api::Event& event) const {
  const auto* changed = std::get_if<api::ServiceChanged>(&event);
  return changed == nullptr || concerned_.empty() || std::ranges::find(concerned_, changed->service.name) != concerned_.end();
}

Result<> Operation::attend(const api::Event& event) {
  if (!concerns_us(event)) return {};
  if (output_.style().json) output_.data(api::encode(event));
  show(event);
  if (const auto* busy = std::get_if<api::Busy>(&event)) answer(*busy);
  if (std::holds_alternative<api::Accepted>(event) && interrupted_) TRY(send_cancel());
  if (ends_ && ends_(event)) {
    ends_ = nullptr;
    TRY(ask_to_end());
  }
  return {};
}

Result<api::Done> Operation::finish() {
  if (!connection_ && !over_) return supervisor_gone(project_);
  if (connection_ && started_something_) {
    TRY(ask_to_end());
    return wait_done();
  }
  api::Done done;
  done.ok = true;
  return done;
}

int Operation::fd() const noexcept { return connection_ ? connection_->client.fd() : -1; }

bool Operation::pending() const noexcept { return connection_ && connection_->client.buffered(); }

void Operation::pump() {
  const auto event = connection_->client.next();
  if (event && *event && attend(**event)) {
    over_ = std::holds_alternative<api::Done>(**event);
    if (!over_) return;
  }
  cancel_.reset();
  connection_.reset();
}

Result<bool> Operation::wait_for_event() {
  const auto& client = connection_->client;
  // Ctrl-C comes first, so that a stream of events cannot keep it waiting.
  if (interrupts_.take()) TRY(interrupt());
  if (client.buffered()) return true;
  const int log_fd = follower_ == nullptr ? -1 : follower_->fd();
  std::optional<std::chrono::milliseconds> timeout;
  if (more_logs_) timeout = std::chrono::milliseconds(0);
  const auto readable = os::wait_readable({client.fd(), interrupts_.fd(), log_fd}, timeout);
  if (readable[2] || more_logs_) more_logs_ = follower_->pump(sink_);
  return readable[0];
}

Result<> Operation::interrupt() {
  const bool again = interrupted_;
  interrupted_ = true;
  if (again) skip_grace();
  // A `stop` that nobody has accepted yet can only be left alone; who ends the command by another signal does not wait.
  const bool by_ctrl_c = os::Interrupts::exit_code() == exit_code_of(Errc::interrupted);
  const bool stops = op_ == api::Request::Op::stop;
  if (again || (stops && (operation_.empty() || !by_ctrl_c))) return Error(Errc::interrupted, "interrupted");
  progress_.pause();
  if (stops) {
    output_.say("the stop goes on; press Ctrl-C again to skip the grace");
    return {};
  }
  if (op_ == api::Request::Op::up && settled_ && !started_something_) {
    output_.say("detached: this command started none of these services, they go on running");
    return Error(Errc::interrupted, "interrupted");
  }
  output_.say("stopping what this command started; press Ctrl-C again to leave at once");
  // Before `Accepted` there is no name for what should be cancelled: it is sent then.
  return operation_.empty() ? Result<>() : send_cancel();
}

void Operation::leave(const engine::ProjectSnapshot& project) {
  if (!connection_) return;
  const auto supervisor = connection_->link.process;
  cancel_.reset();
  connection_.reset();
  const auto down = [](const engine::ServiceSnapshot& service) {
    return service.external || (!service.pid && engine::is_down(service.state));
  };
  // Who cannot be waited for any longer is kept by another client: that is its business.
  if (std::ranges::all_of(project.services, down)) static_cast<void>(os::wait_for_exit(supervisor, std::chrono::seconds(5)));
}

Result<> Operation::send_cancel() {
  if (cancel_) return {};
  TRY_ASSIGN(auto client, connection_->link.connect());
  api::Request request;
  request.op = api::Request::Op::cancel;
  request.operation = operation_;
  const auto sent = client.send(request, patience());
  if (!sent) return sent.error().code == Errc::timeout ? no_answer(project_) : sent.error();
  cancel_.emplace(std::move(client));
  return {};
}

/// As far as it can be done at once: nobody waits any more.
void Operation::skip_grace() {
  if (operation_.empty() || !connection_) return;
  cancel_.reset();
  auto client = connection_->link.connect();
  if (!client) return;
  api::Request request;
  request.op = api::Request::Op::cancel;
  request.operation = operation_;
  static_cast<void>(client->send(request, {.limit = kLastWordPatience}));
}

Result<> Operation::ask_to_end() {
  auto sent = send_cancel();
  if (!sent && sent.error().code == Errc::timeout) return sent;
  return {};
}

void Operation::show(const api::Event& event) {
  if (const auto* accepted = std::get_if<api::Accepted>(&event)) operation_ = accepted->operation;
  if (const auto* changed = std::get_if<api::ServiceChanged>(&event)) {
    started_something_ = started_something_ || on_its_way_up(changed->service.state);
  }
  if (observer_) return observer_(event);
  if (const auto* changed = std::get_if<api::ServiceChanged>(&event)) progress_.on(*changed);
  if (const auto* notice = std::get_if<api::Notice>(&event)) progress_.on(*notice);
  if (const auto* moved = std::get_if<api::PortMoved>(&event)) progress_.on(*moved);
  if (std::holds_alternative<api::Busy>(event) || std::holds_alternative<api::Done>(event)) progress_.pause();
}

void Operation::answer(const api::Busy& busy) {
  const auto decision = resolver_.resolve(busy);
  if (decision.interrupted) return;  // the signal still waits: the loop turns it into `cancel`
  api::Request request;
  request.op = api::Request::Op::answer;
  request.operation = operation_;
  request.question = busy.question;
  request.choice = decision.choice;
  request.reason = decision.reason;
  auto client = connection_->link.connect();
  // When it cannot be answered the supervisor is going away, and the stream of events says so next.
  // Ctrl-C ends the waiting and is left to the loop.
  if (!client || !client->send(request, {.limit = kAnswerPatience, .cancel_fd = interrupts_.fd()})) return;
  while (true) {
    const auto event = client->next();
    if (!event || !*event) break;
  }
}

int report(const api::Done& done, Output& output) {
  for (const auto& failure : done.failures) report_failure(failure, output);
  if (done.interrupted) return os::Interrupts::exit_code();
  if (done.ok) return 0;
  const Errc code = done.config_error ? Errc::config : Errc::failed;
  if (!done.error.empty()) {
    Error error(code, done.error, done.hint);
    // The event `Done` has told it to a reader of JSON already.
    OutputStyle style = output.style();
    style.json = false;
    Output(style).error(error);
  }
  return exit_code_of(code);
}

}  // namespace devinit::cli
