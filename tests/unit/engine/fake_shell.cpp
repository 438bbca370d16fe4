#include "unit/engine/fake_shell.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "unit/engine/effect_text.hpp"

namespace devinit::engine {

using Kind = ServiceMachine::EventKind;

void FakeShell::post(Event event) {
  queue_.push_back(std::move(event));
  while (!queue_.empty()) {
    const auto next = std::move(queue_.front());
    queue_.pop_front();
    was_disabled_.clear();
    for (const auto& name : ever_configured_) {
      const auto* config = engine.config_of(name);
      if (config != nullptr && config->disabled) was_disabled_.insert(name);
    }
    const auto* report = std::get_if<ServiceEvent>(&next);
    if (report != nullptr && report->event.kind == Kind::spawned) reported_.insert(report->service);
    for (step_ = {engine.step(next, now), 0}; step_.at < step_.effects.size(); ++step_.at) {
      std::visit([this](const auto& what) { carry_out(what); }, step_.effects[step_.at]);
    }
    check_after(next);
  }
  check_at_rest();
}

/// Nobody would ever end a start that nothing is under way of.
void FakeShell::check_at_rest() {
  for (const auto& name : ever_configured_) {
    const auto* config = engine.config_of(name);
    if (config == nullptr || config->kind == config::ServiceKind::external || state(name) != State::starting) continue;
    if (trees.count(name) == 0) broken.push_back("starting, and nothing of it runs: " + name);
  }
}

void FakeShell::check_after(const Event& event) {
  if (std::holds_alternative<Tick>(event)) {
    const auto deadline = engine.next_deadline();
    if (deadline && *deadline <= now) broken.push_back("a deadline that has passed");
  }
  if (const auto* what = std::get_if<ServiceEvent>(&event); what != nullptr) {
    const auto kind = what->event.kind;
    if (kind == Kind::tree_empty || kind == Kind::survivors || kind == Kind::spawn_failed) ending_.erase(what->service);
    if (state(what->service) == State::completed) completed_.insert(what->service);
  }
  if (engine.idle() && !(trees.empty() && awaiting_time.empty())) broken.push_back("idle, although something runs");
}

// ---- what clients and trees do ----

void FakeShell::request(OperationId id, OperationKind kind, std::vector<std::string> targets) {
  open.insert(id);
  StartRequest request;
  request.operation = id;
  request.kind = kind;
  request.services = configuration;
  request.all = targets.empty();
  request.targets = std::move(targets);
  request.avoid = std::make_shared<const PortSet>(avoid);
  for (const auto& plan : configuration) ever_configured_.insert(plan.config.name);
  post(std::move(request));
}

void FakeShell::stop(OperationId id, std::vector<std::string> targets, std::optional<Millis> timeout) {
  const bool all = targets.empty();
  open.insert(id);
  post(StopRequest{id, std::move(targets), all, timeout});
}

void FakeShell::answer(PortPlanner::Choice choice, const std::string& reason) {
  REQUIRE_FALSE(questions.empty());
  const auto asked = questions.front();
  questions.pop_front();
  post(Answered{asked.operation, asked.question, choice, reason});
}

void FakeShell::ended(const std::string& service, const std::string& text, bool port_stolen, int exit_code) {
  trees.erase(service);
  ending_.insert(service);
  ServiceMachine::Event event{Kind::tree_empty, text};
  event.port_stolen = port_stolen;
  event.exit_code = exit_code;
  post(ServiceEvent{service, event});
}

void FakeShell::lost(const std::string& service, Kind kind, const std::string& text) {
  trees.erase(service);
  ending_.insert(service);
  tell(service, kind, text);
}

void FakeShell::hook_failed(const std::string& service) {
  trees.erase(service);
  ending_.insert(service);
  ServiceMachine::Event event{Kind::not_ready, "its before_start hook exited with code 1"};
  event.code = FailureCode::hook_failed;
  post(ServiceEvent{service, event});
}

void FakeShell::due(const std::string& service) {
  REQUIRE(awaiting_time.erase(service) == 1);
  tell(service, Kind::run);
}

bool FakeShell::tick() {
  const auto deadline = engine.next_deadline();
  if (!deadline) return false;
  now = std::max(now, *deadline);
  post(Tick{});
  return true;
}

// ---- what tests ask ----

const Outcome& FakeShell::outcome(OperationId id) const {
  REQUIRE(outcomes.count(id) == 1);
  return outcomes.at(id);
}

std::vector<std::string> FakeShell::news() { return std::exchange(log, {}); }

std::size_t FakeShell::count(const std::string& line) const {
  return static_cast<std::size_t>(std::count(log.begin(), log.end(), line));
}

bool FakeShell::has_notice(const std::string& text) const { return std::count(notices.begin(), notices.end(), text) > 0; }

std::vector<Port> FakeShell::held_ports() const {
  std::vector<Port> result;
  for (const auto& [owner, port] : held) result.push_back(port);
  return result;
}

// ---- effects ----

void FakeShell::later(const std::string& service, Kind kind, const std::string& text) {
  ServiceEvent event{service, {kind, text}};
  if (kind == Kind::spawned) event.pid = kPid;
  queue_.push_back(std::move(event));
}

void FakeShell::end_later(const std::string& service, const std::string& text) {
  trees.erase(service);
  ending_.insert(service);
  later(service, Kind::tree_empty, text);
}

bool FakeShell::is_free(Port port) const {
  if (strangers.count(port) > 0) return false;
  return std::none_of(held.begin(), held.end(), [&](const auto& entry) { return entry.second == port; });
}

void FakeShell::carry_out(const ClaimPort& effect) {
  const auto dot_name = effect.port_name.empty() ? "" : "." + effect.port_name;
  log.push_back("claim " + effect.service + dot_name + " " + std::to_string(effect.first));
  ClaimOutcome outcome;
  outcome.verdict = effect.tries == 1 ? ClaimOutcome::Verdict::busy : ClaimOutcome::Verdict::exhausted;
  outcome.holders = "strangers";
  int tries = effect.tries;
  for (int port = effect.first; port <= effect.last && tries > 0; ++port) {
    const auto candidate = static_cast<Port>(port);
    if (effect.avoid && effect.avoid->contains(candidate)) continue;
    --tries;
    if (!is_free(candidate)) continue;
    outcome.verdict = ClaimOutcome::Verdict::claimed;
    outcome.port = candidate;
    held[{effect.service, effect.port_name}] = candidate;
    break;
  }
  queue_.push_back(Claimed{effect.operation, effect.wish, outcome});
}

void FakeShell::carry_out(const WriteFiles& effect) {
  log.push_back("write " + std::to_string(effect.operation));
  written = engine.ports();
  if (effect.operation != 0) queue_.push_back(FilesWritten{effect.operation, write_error});
}

void FakeShell::carry_out(const ServiceEffect& effect) {
  const auto& name = effect.service;
  const bool tree = trees.count(name) > 0;
  log.push_back(text_of(effect.effect) + " " + name);
  if (ever_configured_.count(name) == 0) broken.push_back("an effect for an unknown service: " + log.back());
  switch (effect.effect) {
    case ServiceMachine::Effect::reclaim:
      if (tree) broken.push_back("reclaimed under a tree: " + name);
      if (reclaim_error) return later(name, Kind::claim_failed, *reclaim_error);
      for (const auto& known : engine.ports()) {
        if (known.service == name) held[{name, known.port_name}] = known.port;
      }
      return later(name, Kind::claimed);
    case ServiceMachine::Effect::spawn:
      return spawn(name);
    case ServiceMachine::Effect::stop_tree:
      if (!tree && ending_.count(name) == 0) broken.push_back("stopped, although it did not run: " + name);
      if (!tree) return later(name, Kind::tree_empty, "it was not running");
      if (!slow_everything && slow_end.count(name) == 0) end_later(name, "killed by SIGTERM");
      return;
    case ServiceMachine::Effect::abandon:
    case ServiceMachine::Effect::kill_tree:
      if (!tree && ending_.count(name) == 0) broken.push_back("killed, although it did not run: " + name);
      if (tree && !slow_everything) end_later(name, "killed by SIGKILL");
      return;
    case ServiceMachine::Effect::close_fence:
      if (tree) broken.push_back("fence closed under a tree: " + name);
      return;
    case ServiceMachine::Effect::schedule:
      awaiting_time.insert(name);
      return;
    case ServiceMachine::Effect::renew:
      return;
    case ServiceMachine::Effect::release:
      if (tree) broken.push_back("released under a tree: " + name);
      std::erase_if(held, [&](const auto& entry) { return entry.first.first == name; });
      probed.erase(name);
      awaiting_time.erase(name);
      return;
  }
}

void FakeShell::spawn(const std::string& name) {
  const auto* config = engine.config_of(name);
  if (config == nullptr) return broken.push_back("spawned without a configuration: " + name);
  check_spawn(name);
  if (config->kind == config::ServiceKind::external) {
    if (!probed.insert(name).second) broken.push_back("probed twice: " + name);
    if (!slow_everything && slow_ready.count(name) == 0) later(name, Kind::became_ready);
    return;
  }
  if (!trees.insert(name).second) broken.push_back("a second tree of " + name);
  reported_.erase(name);
  if (slow_everything) return;
  later(name, Kind::spawned);
  if (slow_ready.count(name) > 0) return;
  if (!config->runs_to_end()) return later(name, Kind::became_ready);
  trees.erase(name);
  ending_.insert(name);
  ServiceMachine::Event end{Kind::tree_empty, "exited with code 0"};
  end.exit_code = 0;
  queue_.push_back(ServiceEvent{name, end});
}

void FakeShell::check_spawn(const std::string& name) {
  if (!engine.snapshot(name).wanted && !ends_later_in_step(name)) broken.push_back("spawned, although nobody wants it: " + name);
  // A plan or a reload that begins in the same step may bring another configuration: what was right before it cannot be judged any more.
  const auto plans = [](const Effect& effect) {
    const auto* what = std::get_if<ServiceEffect>(&effect);
    if (what != nullptr && what->effect == ServiceMachine::Effect::renew) return true;
    return std::holds_alternative<ClaimPort>(effect) || std::holds_alternative<WriteFiles>(effect);
  };
  if (std::any_of(step_.effects.begin() + static_cast<std::ptrdiff_t>(step_.at), step_.effects.end(), plans)) return;
  for (const auto& [need, condition] : engine.config_of(name)->depends_on) {
    if (engine.config_of(need) == nullptr || allows(need, condition) || changes_later_in_step(need)) continue;
    broken.push_back("spawned before " + need + ": " + name);
  }
}

/// Told from what is seen of the service, not from what the engine says of conditions.
bool FakeShell::allows(const std::string& need, config::DependencyCondition condition) const {
  using Condition = config::DependencyCondition;
  const auto& config = *engine.config_of(need);
  const auto now_in = state(need);
  if ((config.disabled || was_disabled_.count(need) > 0) && trees.count(need) == 0) return true;  // another command may have named it within the same step
  const bool is_task = config.kind == config::ServiceKind::task;
  switch (condition) {
    case Condition::started:
      if (now_in == State::starting) return reported_.count(need) > 0;
      [[fallthrough]];
    case Condition::ready:
      if (now_in == State::running && condition == Condition::started) return true;
      if (config.kind == config::ServiceKind::scheduled) return !is_down(now_in);
      if (is_task && condition == Condition::started && now_in == State::failed) return true;
      return is_task ? completed_.count(need) > 0 || now_in == State::completed : now_in == State::ready;
    case Condition::completed:
      if (now_in == State::failed) return true;
      [[fallthrough]];
    case Condition::completed_successfully:
      return now_in == State::completed || completed_.count(need) > 0;
  }
  return false;
}

/// It was as it should be when the effect at hand was decided, and became something else in the same step.
bool FakeShell::changes_later_in_step(const std::string& name) const {
  return std::any_of(step_.effects.begin() + static_cast<std::ptrdiff_t>(step_.at) + 1, step_.effects.end(), [&](const Effect& effect) {
    const auto* changed = std::get_if<Changed>(&effect);
    return changed != nullptr && changed->service == name;
  });
}

bool FakeShell::ends_later_in_step(const std::string& name) const {
  return std::any_of(step_.effects.begin() + static_cast<std::ptrdiff_t>(step_.at) + 1, step_.effects.end(), [&](const Effect& effect) {
    const auto* what = std::get_if<ServiceEffect>(&effect);
    return what != nullptr && what->service == name;
  });
}

void FakeShell::carry_out(const SignalService& effect) {
  log.push_back("signal " + effect.service + " " + std::to_string(effect.signal));
  if (trees.count(effect.service) == 0) broken.push_back("signalled, although it does not run: " + effect.service);
}

void FakeShell::carry_out(const AskClient& effect) {
  log.push_back("ask " + std::to_string(effect.operation) + " " + effect.service + " " + std::to_string(effect.port));
  questions.push_back(effect);
}

void FakeShell::carry_out(const Tell& effect) {
  if (effect.level == "progress") log.push_back("waiting for " + effect.service);
  notices.push_back((effect.service.empty() ? "" : effect.service + " ") + effect.text);
}

void FakeShell::carry_out(const TellMoved& effect) {
  log.push_back("moved " + effect.service + " " + std::to_string(effect.wanted) + " " + std::to_string(effect.port));
}

void FakeShell::carry_out(const Changed& effect) {
  if (ever_configured_.count(effect.service) == 0) broken.push_back("an unknown service changed: " + effect.service);
}

void FakeShell::carry_out(const Finished& effect) {
  const auto id = effect.operation;
  if (open.count(id) == 0) broken.push_back("finished twice: " + std::to_string(id));
  outcomes.emplace(id, effect.outcome);
  const char* how = effect.outcome.ok ? " ok" : effect.outcome.interrupted ? " interrupted" : " failed";
  log.push_back((effect.keep_open ? "holding " : "finished ") + std::to_string(id) + how);
  if (!effect.keep_open) open.erase(id);
}

// ---- projects ----

ServicePlan service(const std::string& name, Port prefer, std::vector<std::string> depends_on) {
  ServicePlan plan;
  plan.config.name = name;
  for (auto& need : depends_on) plan.config.depends_on.push_back({std::move(need)});
  if (prefer == 0) return plan;
  plan.config.port = config::PortSpec{};
  plan.config.port->prefer = prefer;
  PortWish wish;
  wish.service = name;
  wish.prefer = prefer;
  wish.source = "default";
  plan.ports.push_back(std::move(wish));
  return plan;
}

ServicePlan of_kind(config::ServiceKind kind, const std::string& name, std::vector<std::string> depends_on) {
  auto plan = service(name, 0, std::move(depends_on));
  plan.config.kind = kind;
  return plan;
}

ServicePlan task(const std::string& name, std::vector<std::string> depends_on) {
  auto plan = of_kind(config::ServiceKind::task, name, std::move(depends_on));
  plan.config.restart.policy = config::RestartPolicy::never;
  return plan;
}

FakeShell shop() {
  FakeShell shell;
  shell.configuration = {service("backend", 8000), service("frontend", 3000, {"backend"}), service("worker", 0)};
  return shell;
}

FakeShell running_shop() {
  auto shell = shop();
  shell.start(1);
  REQUIRE(shell.outcome(1).ok);
  shell.leave(1);
  shell.news();
  return shell;
}

FakeShell mixed_shop() {
  FakeShell shell;
  shell.configuration = {service("db", 5432),
                         task("migrate", {"db"}),
                         service("api", 8000, {"migrate", "search"}),
                         service("web", 3000, {"api"}),
                         of_kind(config::ServiceKind::scheduled, "nightly", {"api"}),
                         of_kind(config::ServiceKind::external, "search")};
  return shell;
}

std::vector<std::string> failed_names(const Outcome& outcome) {
  std::vector<std::string> names;
  for (const auto& failure : outcome.failures) names.push_back(failure.service);
  return names;
}

}  // namespace devinit::engine
