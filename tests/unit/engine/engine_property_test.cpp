// Promises of the engine that hold for every order of events, tried on many random ones. The seed is fixed: a failure repeats
// itself.
#include <array>
#include <catch2/catch.hpp>
#include <iterator>

#include "unit/engine/fake_shell.hpp"

namespace devinit::engine {
namespace {

using namespace std::chrono_literals;
using Kind = ServiceMachine::EventKind;

constexpr std::uint64_t kEpisodes = 1000;  ///< of each property
constexpr int kSteps = 60;
constexpr std::size_t kMostOperations = 6;

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed * 2654435761U + 1) {}
  /// 0 … `sides` - 1.
  std::size_t roll(std::size_t sides) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::size_t>((state_ >> 33) % sides);
  }
  bool one_in(std::size_t sides) { return roll(sides) == 0; }
  template <class Container>
  const auto& pick(const Container& from) {
    return *std::next(from.begin(), static_cast<std::ptrdiff_t>(roll(from.size())));
  }

 private:
  std::uint64_t state_;
};

config::WatchSpec watch(Dice& dice) {
  using Action = config::WatchSpec::Action;
  config::WatchSpec result;
  constexpr std::array kActions{Action::restart, Action::restart, Action::signal, Action::task};
  result.action = dice.pick(kActions);
  result.signal = 1;
  result.task = "migrate";
  result.cascade = dice.one_in(2);
  return result;
}

void season(ServicePlan& plan, Dice& dice) {
  using config::DependencyCondition;
  using config::DependencyLoss;
  auto& config = plan.config;
  config.ready.deadline = 20s;
  config.restart.max = 3;
  if (dice.one_in(8)) config.restart.policy = config::RestartPolicy::never;
  if (!plan.ports.empty() && dice.one_in(6)) plan.ports.front().strict = true;
  if (!plan.ports.empty() && dice.one_in(6)) plan.ports.front().prefer.reset();
  constexpr std::array kLosses{DependencyLoss::keep, DependencyLoss::restart, DependencyLoss::stop};
  if (dice.one_in(2)) config.on_dependency_loss = dice.pick(kLosses);
  constexpr std::array kConditions{DependencyCondition::started, DependencyCondition::ready, DependencyCondition::completed,
                                   DependencyCondition::completed_successfully};
  for (auto& need : config.depends_on) {
    if (dice.one_in(3)) need.condition = dice.pick(kConditions);
  }
  if (dice.one_in(3)) config.watch = watch(dice);
  if (dice.one_in(3)) config.live.emplace().action = config::LiveAction::mark;
  if (dice.one_in(12)) config.disabled = true;
}

std::vector<ServicePlan> configuration(Dice& dice) {
  using config::ServiceKind;
  std::vector<ServicePlan> plans{service("db", 5000), service("api", 8000, {"db"}), service("web", 3000, {"api"}),
                                 service("worker", 0, {"db"})};
  if (dice.one_in(3)) plans[1] = service("api", 8100, {});
  if (dice.one_in(3)) {
    plans.push_back(service("docs", 3001, {"web", "worker"}));
  } else if (dice.one_in(3)) {
    plans.pop_back();
  }
  if (dice.one_in(2)) {
    plans.push_back(task("migrate", {"db"}));
    plans[1].config.depends_on.push_back({"migrate"});
  }
  if (dice.one_in(2)) plans.push_back(of_kind(ServiceKind::scheduled, "nightly", {"api"}));
  if (dice.one_in(2)) {
    plans.push_back(of_kind(ServiceKind::external, "search"));
    plans[2].config.depends_on.push_back({"search"});
  }
  for (auto& plan : plans) season(plan, dice);
  return plans;
}

/// One story: clients come, change their minds and go, trees live and die, strangers take ports.
class Episode {
 public:
  explicit Episode(std::uint64_t seed) : dice_(seed), shell_(static_cast<std::uint32_t>(seed)) {
    shell_.slow_everything = true;
    shell_.configuration = configuration(dice_);
  }

  void run() {
    for (int i = 0; i < kSteps && shell_.broken.empty(); ++i) {
      shell_.log.clear();
      shell_.notices.clear();
      step();
    }
  }

  /// Everybody leaves and every tree ends by itself: no operation remains, sooner or later. What was started stays scheduled or asked after.
  void fade_out() {
    leave_all();
    for (int i = 0; i < 1000 && (end_one_tree() || shell_.tick()); ++i) {
    }
  }

  /// A stop of everything: it needs no client's answer and no timer, only the trees' ends.
  void stop_everything() {
    shell_.stop(++last_operation_);
    while (end_one_tree()) {
    }
  }

  [[nodiscard]] const FakeShell& shell() const { return shell_; }

 private:
  void step() {
    switch (dice_.roll(14)) {
      case 0:
      case 1:
        return request();
      case 2:
        return interrupt();
      case 3:
        return answer();
      case 4:
        return pass_time();
      case 5:
        return change_the_world();
      case 6:
        return change_a_port();
      case 7:
        return shell_.files_changed(dice_.pick(shell_.configuration).config.name);
      case 8:
        return ask_others();
      default:
        return live();
    }
  }

  std::vector<std::string> targets() {
    if (dice_.one_in(3)) return {};
    std::vector<std::string> result{dice_.pick(shell_.configuration).config.name};
    if (dice_.one_in(3)) result.push_back(dice_.pick(shell_.configuration).config.name);
    return result;
  }

  void request() {
    if (shell_.open.size() >= kMostOperations) return;
    if (dice_.one_in(4)) shell_.configuration = configuration(dice_);
    const auto id = ++last_operation_;
    switch (dice_.roll(6)) {
      case 0:
      case 1:
        return shell_.start(id, targets());
      case 2:
        return shell_.restart(id, targets());
      case 3:
        return shell_.up(id, targets());
      case 4:
        return shell_.reload(id);
      default:
        return shell_.stop(id, targets(), dice_.one_in(3) ? std::optional<Millis>(3s) : std::nullopt);
    }
  }

  void interrupt() {
    if (shell_.open.empty()) return;
    const auto id = dice_.pick(shell_.open);
    if (dice_.one_in(2)) return shell_.cancel(id);
    shell_.leave(id);
  }

  void answer() {
    if (shell_.questions.empty()) return;
    constexpr std::array kChoices{PortPlanner::Choice::next, PortPlanner::Choice::retry, PortPlanner::Choice::next,
                                  PortPlanner::Choice::fail};
    shell_.answer(dice_.pick(kChoices));
  }

  void pass_time() {
    if (dice_.one_in(2)) {
      shell_.tick();
      return;
    }
    shell_.now += std::chrono::milliseconds(dice_.roll(40'000));
    shell_.post(Tick{});
  }

  void change_the_world() {
    shell_.strangers.clear();
    for (const int port : {3000, 5000, 8000, 8001, 8100}) {
      if (dice_.one_in(4)) shell_.strangers.insert(static_cast<Port>(port));
    }
    shell_.write_error = dice_.one_in(6) ? std::optional(Error(Errc::io, "no space left")) : std::nullopt;
    shell_.reclaim_error = dice_.one_in(6) ? std::optional<std::string>("taken") : std::nullopt;
  }

  void change_a_port() {
    if (shell_.trees.empty()) return;
    const auto name = dice_.pick(shell_.trees);
    const auto state = shell_.state(name);
    const auto at = shell_.held.find({name, ""});
    if (at == shell_.held.end() || (state != State::starting && state != State::ready)) return;
    at->second = static_cast<Port>(20'000 + ++changes_);
    shell_.post(PortChanged{name, "", at->second, "it listens there", "adopted"});
  }

  /// What others run answers, or does not; the time of a scheduled service comes.
  void ask_others() {
    if (!shell_.awaiting_time.empty() && dice_.one_in(2)) return shell_.due(std::string(dice_.pick(shell_.awaiting_time)));
    if (shell_.probed.empty()) return;
    constexpr std::array kAnswers{Kind::became_ready, Kind::became_ready, Kind::not_ready, Kind::unhealthy, Kind::healthy};
    shell_.tell(std::string(dice_.pick(shell_.probed)), dice_.pick(kAnswers), "what it says");
  }

  /// Something happens to a tree.
  void live() {
    if (shell_.trees.empty()) return;
    const std::string name = dice_.pick(shell_.trees);
    const bool asked = shell_.state(name) == State::stopping;
    const bool in_hook = shell_.state(name) == State::starting && !shell_.reported(name);
    switch (dice_.roll(23)) {
      case 0:
        return shell_.ended(name, "exited with code 1", dice_.one_in(2));
      case 1:
        return shell_.lost(name, Kind::survivors, "lost");
      case 2:
        return shell_.lost(name, Kind::spawn_failed, "no such program");
      case 3:
        return shell_.tell(name, Kind::rejected, "another port");
      case 4: {
        ServiceMachine::Event event{Kind::leader_exited, "exited with code 0"};
        event.still_serving = dice_.one_in(2);
        event.clean_exit = dice_.one_in(2);
        return shell_.post(ServiceEvent{name, event});
      }
      case 5:
        return shell_.tell(name, Kind::not_ready, "no, three times");
      case 6:
        return shell_.tell(name, Kind::unhealthy, "no answer");
      case 7:
        return shell_.tell(name, Kind::healthy);
      case 8:
        return shell_.tell(name, Kind::exceeded, "too much memory");
      case 9:
        if (shell_.state(name) == State::starting && is_task(name)) shell_.lost(name, Kind::nothing_to_do, "done yesterday");
        return;
      case 10:
        if (in_hook) shell_.hook_failed(name);
        return;
      case 11:
      case 12:
        return shell_.done(name);
      case 13:
      case 14:
      case 15:
      case 16:
        return shell_.spawned(name);
      default:
        if (asked) return shell_.ended(name, "killed by SIGTERM");
        return shell_.ready(name);
    }
  }

  [[nodiscard]] bool is_task(const std::string& name) const {
    const auto* config = shell_.engine.config_of(name);
    return config != nullptr && config->kind == config::ServiceKind::task;
  }

  void leave_all() {
    const auto all = shell_.open;
    for (const auto id : all) shell_.leave(id);
  }

  bool end_one_tree() {
    if (shell_.trees.empty()) return false;
    const std::string name = dice_.pick(shell_.trees);
    shell_.ended(name);
    return true;
  }

  Dice dice_;
  FakeShell shell_;
  OperationId last_operation_ = 0;
  int changes_ = 0;
};

void check_nothing_is_left(const FakeShell& shell) {
  REQUIRE(shell.trees.empty());
  REQUIRE(shell.open.empty());
  REQUIRE(shell.held.empty());
  REQUIRE(shell.probed.empty());
  REQUIRE(shell.awaiting_time.empty());
  REQUIRE(shell.engine.idle());
  REQUIRE_FALSE(shell.engine.next_deadline());
}

/// The effects that led to a broken promise.
std::string last_effects(const FakeShell& shell) {
  std::string text;
  for (const auto& line : shell.log) text += line + "\n";
  return text;
}

TEST_CASE("whatever happens, no service ever has two trees, and a stop of everything ends") {
  for (std::uint64_t seed = 0; seed < kEpisodes; ++seed) {
    Episode episode(seed);
    episode.run();
    INFO("seed " << seed << "\n" << last_effects(episode.shell()));
    REQUIRE(episode.shell().broken == std::vector<std::string>{});
    episode.stop_everything();
    REQUIRE(episode.shell().broken == std::vector<std::string>{});
    check_nothing_is_left(episode.shell());
  }
}

TEST_CASE("whatever happens, every operation ends when its client is gone and the trees are empty") {
  for (std::uint64_t seed = kEpisodes; seed < 2 * kEpisodes; ++seed) {
    Episode episode(seed);
    episode.run();
    INFO("seed " << seed << "\n" << last_effects(episode.shell()));
    REQUIRE(episode.shell().broken == std::vector<std::string>{});
    episode.fade_out();
    REQUIRE(episode.shell().broken == std::vector<std::string>{});
    REQUIRE(episode.shell().trees.empty());
    REQUIRE(episode.shell().open.empty());
    REQUIRE_FALSE(episode.shell().engine.next_deadline());
    episode.stop_everything();
    check_nothing_is_left(episode.shell());
  }
}

}  // namespace
}  // namespace devinit::engine
