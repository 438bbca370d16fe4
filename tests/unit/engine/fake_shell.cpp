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
    for (step_ = {engine.step(next, now), 0}; step_.at < step_.effects.size(); ++step_.at) {
      std::visit([this](const auto& what) { carry_out(what); }, step_.effects[step_.at]);
    }
  }
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

void FakeShell::stop(OperationId id, std::vector<std::string> targets) {
  const bool all = targets.empty();
  open.insert(id);
  post(StopRequest{id, std::move(targets), all});
}

void FakeShell::answer(PortPlanner::Choice choice, const std::string& reason) {
  REQUIRE_FALSE(questions.empty());
  const auto asked = questions.front();
  questions.pop_front();
  post(Answered{asked.operation, asked.question, choice, reason});
}

void FakeShell::ended(const std::string& service, const std::string& text, bool port_stolen) {
  trees.erase(service);
  ServiceMachine::Event event{Kind::tree_empty, text};
  event.port_stolen = port_stolen;
  event.exit_code = 1;
  post(ServiceEvent{service, event});
}

void FakeShell::lost(const std::string& service, Kind kind, const std::string& text) {
  trees.erase(service);
  tell(service, kind, text);
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
      return later(name, Kind::claimed);
    case ServiceMachine::Effect::spawn:
      return spawn(name);
    case ServiceMachine::Effect::stop_tree:
      if (!tree) return later(name, Kind::tree_empty, "it was not running");
      if (!slow_everything && slow_end.count(name) == 0) end_later(name, "killed by SIGTERM");
      return;
    case ServiceMachine::Effect::abandon:
    case ServiceMachine::Effect::kill_tree:
      if (tree && !slow_everything) end_later(name, "killed by SIGKILL");
      return;
    case ServiceMachine::Effect::close_fence:
      if (tree) broken.push_back("fence closed under a tree: " + name);
      return;
    case ServiceMachine::Effect::schedule:
      return;
    case ServiceMachine::Effect::release:
      if (tree) broken.push_back("released under a tree: " + name);
      std::erase_if(held, [&](const auto& entry) { return entry.first.first == name; });
      return;
  }
}

void FakeShell::spawn(const std::string& name) {
  if (!trees.insert(name).second) broken.push_back("a second tree of " + name);
  const auto* config = engine.config_of(name);
  if (config == nullptr) return broken.push_back("spawned without a configuration: " + name);
  for (const auto& [need, condition] : config->depends_on) {
    if (engine.config_of(need) == nullptr || state(need) == State::ready || stops_later_in_step(need)) continue;
    broken.push_back("spawned before " + need + ": " + name);
  }
  if (slow_everything) return;
  later(name, Kind::spawned);
  if (slow_ready.count(name) == 0) later(name, Kind::became_ready);
}

/// It was ready when the effect at hand was decided, and was told to stop afterwards.
bool FakeShell::stops_later_in_step(const std::string& name) const {
  return std::any_of(step_.effects.begin() + static_cast<std::ptrdiff_t>(step_.at), step_.effects.end(),
                     [&](const Effect& effect) {
                       const auto* what = std::get_if<ServiceEffect>(&effect);
                       return what != nullptr && what->service == name && what->effect == ServiceMachine::Effect::stop_tree;
                     });
}

void FakeShell::carry_out(const AskClient& effect) {
  log.push_back("ask " + std::to_string(effect.operation) + " " + effect.service + " " + std::to_string(effect.port));
  questions.push_back(effect);
}

void FakeShell::carry_out(const Tell& effect) {
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

std::vector<std::string> failed_names(const Outcome& outcome) {
  std::vector<std::string> names;
  for (const auto& failure : outcome.failures) names.push_back(failure.service);
  return names;
}

}  // namespace devinit::engine
