#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "unit/engine/effect_text.hpp"

namespace devinit::engine {

/// The world around an engine, without an operating system. As the real shell it answers claims, writes and reclaims at once, behind what is
/// queued already. Trees come up, serve and end by themselves, unless the test takes them into its own hands.
///
/// `log` has one line per effect worth telling, `broken` one per broken promise: a second tree of a service, a spawn before the
/// dependencies are ready, ports released under a tree.
class FakeShell {
 public:
  explicit FakeShell(std::uint32_t seed = 1) : engine(seed) {}

  /// Sends one event and everything that follows from it.
  void post(Event event) {
    queue_.push_back(std::move(event));
    while (!queue_.empty()) {
      const auto next = std::move(queue_.front());
      queue_.pop_front();
      for (step_ = {engine.step(next, now), 0}; step_.at < step_.effects.size(); ++step_.at) {
        std::visit([this](const auto& what) { carry_out(what); }, step_.effects[step_.at]);
      }
    }
  }

  void start(OperationId id, std::vector<std::string> targets = {}) { request(id, OperationKind::start, std::move(targets)); }
  void restart(OperationId id, std::vector<std::string> targets = {}) { request(id, OperationKind::restart, std::move(targets)); }
  void up(OperationId id, std::vector<std::string> targets = {}) { request(id, OperationKind::up, std::move(targets)); }
  void stop(OperationId id, std::vector<std::string> targets = {}) {
    const bool all = targets.empty();
    open.insert(id);
    post(StopRequest{id, std::move(targets), all});
  }
  void cancel(OperationId id) { post(Cancelled{id}); }
  void leave(OperationId id) { post(ClientGone{id}); }
  void answer(PortPlanner::Choice choice, const std::string& reason = {}) {
    REQUIRE_FALSE(questions.empty());
    const auto asked = questions.front();
    questions.pop_front();
    post(Answered{asked.operation, asked.question, choice, reason});
  }

  void spawned(const std::string& service) { post(ServiceEvent{service, {ServiceMachine::EventKind::spawned}, 4242}); }
  void ready(const std::string& service) { tell(service, ServiceMachine::EventKind::became_ready); }
  /// The tree is gone: by itself, or because it was told to.
  void ended(const std::string& service, const std::string& text = "exited with code 1", bool port_stolen = false) {
    trees.erase(service);
    ServiceMachine::Event event{ServiceMachine::EventKind::tree_empty, text};
    event.port_stolen = port_stolen;
    event.exit_code = 1;
    post(ServiceEvent{service, event});
  }
  void tell(const std::string& service, ServiceMachine::EventKind kind, const std::string& text = {}) {
    post(ServiceEvent{service, {kind, text}});
  }
  /// Lets time pass up to the next deadline; false when there is none.
  bool tick() {
    const auto deadline = engine.next_deadline();
    if (!deadline) return false;
    now = std::max(now, *deadline);
    post(Tick{});
    return true;
  }

  [[nodiscard]] State state(const std::string& service) const { return engine.snapshot(service).state; }
  [[nodiscard]] std::optional<Port> port(const std::string& service) const { return engine.port_of(service, ""); }
  [[nodiscard]] const Outcome& outcome(OperationId id) const {
    REQUIRE(outcomes.count(id) == 1);
    return outcomes.at(id);
  }
  [[nodiscard]] bool finished(OperationId id) const { return open.count(id) == 0; }
  /// The log since the last call.
  std::vector<std::string> news() {
    std::vector<std::string> result;
    result.swap(log);
    return result;
  }
  [[nodiscard]] std::size_t count(const std::string& line) const {
    return static_cast<std::size_t>(std::count(log.begin(), log.end(), line));
  }
  [[nodiscard]] std::vector<Port> held_ports() const {
    std::vector<Port> result;
    for (const auto& [owner, port] : held) result.push_back(port);
    return result;
  }

  Engine engine;
  TimePoint now{std::chrono::hours{1}};
  std::vector<ServicePlan> configuration;
  std::vector<Port> avoid;

  // the script
  std::set<Port> strangers;             ///< ports that somebody else has
  std::set<std::string> slow_ready;     ///< the test says when they are ready
  std::set<std::string> slow_end;       ///< the test says when their tree is gone after a stop (a kill always works)
  bool slow_everything = false;         ///< all of that, for every service, kills included
  std::optional<Error> write_error;
  std::optional<std::string> reclaim_error;

  // what came of it
  std::vector<std::string> log;
  std::vector<std::string> broken;
  std::deque<AskClient> questions;
  std::set<std::string> trees;                                           ///< services that something may run of
  std::map<std::pair<std::string, std::string>, Port> held;              ///< by service and port name
  std::map<OperationId, Outcome> outcomes;                               ///< the first of each operation: what its client reads
  std::set<OperationId> open;                                            ///< operations without their last Finished
  std::vector<std::string> notices;
  std::vector<KnownPort> written;                                        ///< as the files have it

 private:
  void request(OperationId id, OperationKind kind, std::vector<std::string> targets) {
    open.insert(id);
    StartRequest request;
    request.operation = id;
    request.kind = kind;
    request.services = configuration;
    request.all = targets.empty();
    request.targets = std::move(targets);
    request.avoid = avoid;
    for (const auto& plan : configuration) ever_configured_.insert(plan.config.name);
    post(request);
  }

  void later(Event event) { queue_.push_back(std::move(event)); }
  void later(const std::string& service, ServiceMachine::EventKind kind, const std::string& text = {}) {
    later(ServiceEvent{service, {kind, text}, kind == ServiceMachine::EventKind::spawned ? std::optional<int>(4242) : std::nullopt});
  }

  [[nodiscard]] bool is_free(Port port) const {
    if (strangers.count(port) > 0) return false;
    return std::none_of(held.begin(), held.end(), [&](const auto& entry) { return entry.second == port; });
  }

  void carry_out(const ClaimPort& effect) {
    log.push_back("claim " + effect.service + (effect.port_name.empty() ? "" : "." + effect.port_name) + " " +
                  std::to_string(effect.first));
    ClaimOutcome outcome;
    outcome.verdict = effect.tries == 1 ? ClaimOutcome::Verdict::busy : ClaimOutcome::Verdict::exhausted;
    outcome.holders = "strangers";
    int tries = effect.tries;
    for (int port = effect.first; port <= effect.last && tries > 0; ++port) {
      const auto candidate = static_cast<Port>(port);
      if (std::count(effect.avoid.begin(), effect.avoid.end(), candidate) > 0) continue;
      --tries;
      if (!is_free(candidate)) continue;
      outcome.verdict = ClaimOutcome::Verdict::claimed;
      outcome.port = candidate;
      held[{effect.service, effect.port_name}] = candidate;
      break;
    }
    later(Claimed{effect.operation, effect.wish, outcome});
  }

  void carry_out(const WriteFiles& effect) {
    log.push_back("write " + std::to_string(effect.operation));
    written = engine.ports();
    if (effect.operation != 0) later(FilesWritten{effect.operation, write_error});
  }

  void carry_out(const ServiceEffect& effect) {
    const auto& name = effect.service;
    log.push_back(text_of(effect.effect) + " " + name);
    if (ever_configured_.count(name) == 0) broken.push_back("an effect for an unknown service: " + log.back());
    switch (effect.effect) {
      case ServiceMachine::Effect::reclaim:
        if (trees.count(name) > 0) broken.push_back("reclaimed under a tree: " + name);
        if (reclaim_error) return later(name, ServiceMachine::EventKind::claim_failed, *reclaim_error);
        return later(name, ServiceMachine::EventKind::claimed);
      case ServiceMachine::Effect::spawn:
        return spawn(name);
      case ServiceMachine::Effect::stop_tree:
        if (trees.count(name) == 0) return later(name, ServiceMachine::EventKind::tree_empty, "it was not running");
        if (!slow_everything && slow_end.count(name) == 0) end_later(name, "killed by SIGTERM");
        return;
      case ServiceMachine::Effect::kill_tree:
        if (trees.count(name) > 0 && !slow_everything) end_later(name, "killed by SIGKILL");
        return;
      case ServiceMachine::Effect::close_fence:
        if (trees.count(name) > 0) broken.push_back("fence closed under a tree: " + name);
        return;
      case ServiceMachine::Effect::release:
        if (trees.count(name) > 0) broken.push_back("released under a tree: " + name);
        std::erase_if(held, [&](const auto& entry) { return entry.first.first == name; });
        return;
    }
  }

  void spawn(const std::string& name) {
    if (!trees.insert(name).second) broken.push_back("a second tree of " + name);
    const auto* config = engine.config_of(name);
    if (config == nullptr) return broken.push_back("spawned without a configuration: " + name);
    for (const auto& need : config->depends_on) {
      if (engine.config_of(need) == nullptr || state(need) == State::ready || stops_later_in_step(need)) continue;
      broken.push_back("spawned before " + need + ": " + name);
    }
    if (slow_everything) return;
    later(name, ServiceMachine::EventKind::spawned);
    if (slow_ready.count(name) == 0) later(name, ServiceMachine::EventKind::became_ready);
  }

  /// It was ready when the effect at hand was decided, and was told to stop afterwards.
  [[nodiscard]] bool stops_later_in_step(const std::string& name) const {
    return std::any_of(step_.effects.begin() + static_cast<std::ptrdiff_t>(step_.at), step_.effects.end(), [&](const Effect& effect) {
      const auto* what = std::get_if<ServiceEffect>(&effect);
      return what != nullptr && what->service == name && what->effect == ServiceMachine::Effect::stop_tree;
    });
  }

  void end_later(const std::string& name, const std::string& text) {
    trees.erase(name);
    later(name, ServiceMachine::EventKind::tree_empty, text);
  }

  void carry_out(const AskClient& effect) {
    log.push_back("ask " + std::to_string(effect.operation) + " " + effect.service + " " + std::to_string(effect.port));
    questions.push_back(effect);
  }

  void carry_out(const Tell& effect) { notices.push_back((effect.service.empty() ? "" : effect.service + " ") + effect.text); }

  void carry_out(const TellMoved& effect) {
    log.push_back("moved " + effect.service + " " + std::to_string(effect.wanted) + " " + std::to_string(effect.port));
  }

  void carry_out(const Changed& effect) {
    if (ever_configured_.count(effect.service) == 0) broken.push_back("an unknown service changed: " + effect.service);
  }

  void carry_out(const Finished& effect) {
    const auto id = effect.operation;
    if (open.count(id) == 0) broken.push_back("finished twice: " + std::to_string(id));
    outcomes.emplace(id, effect.outcome);
    const char* how = effect.outcome.ok ? " ok" : effect.outcome.interrupted ? " interrupted" : " failed";
    log.push_back((effect.keep_open ? "holding " : "finished ") + std::to_string(id) + how);
    if (!effect.keep_open) open.erase(id);
  }

  struct Step {
    std::vector<Effect> effects;
    std::size_t at = 0;
  };
  Step step_;
  std::deque<Event> queue_;
  std::set<std::string> ever_configured_;
};

/// A service with a port (0: none) and what it depends on.
inline ServicePlan service(const std::string& name, Port prefer, std::vector<std::string> depends_on = {}) {
  ServicePlan plan;
  plan.config.name = name;
  plan.config.depends_on = std::move(depends_on);
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

/// frontend → backend → nothing, and a worker without a port.
inline FakeShell shop() {
  FakeShell shell;
  shell.configuration = {service("backend", 8000), service("frontend", 3000, {"backend"}), service("worker", 0)};
  return shell;
}

}  // namespace devinit::engine
