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

constexpr int kEpisodes = 200;
constexpr int kSteps = 200;
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

std::vector<ServicePlan> configuration(Dice& dice) {
  std::vector<ServicePlan> plans{service("db", 5000), service("api", 8000, {"db"}), service("web", 3000, {"api"}),
                                 service("worker", 0, {"db"})};
  if (dice.one_in(3)) plans[1] = service("api", 8100, {});
  if (dice.one_in(3)) {
    plans.push_back(service("docs", 3001, {"web", "worker"}));
  } else if (dice.one_in(3)) {
    plans.pop_back();
  }
  for (auto& plan : plans) {
    plan.config.ready.deadline = 20s;
    if (dice.one_in(8)) plan.config.restart.policy = config::RestartPolicy::never;
    if (!plan.ports.empty() && dice.one_in(6)) plan.ports.front().strict = true;
    if (!plan.ports.empty() && dice.one_in(6)) plan.ports.front().prefer.reset();
  }
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
      step();
      shell_.log.clear();
      shell_.notices.clear();
    }
  }

  /// Everybody leaves and every tree ends by itself: nothing remains, sooner or later.
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
    switch (dice_.roll(12)) {
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
    switch (dice_.roll(5)) {
      case 0:
      case 1:
        return shell_.start(id, targets());
      case 2:
        return shell_.restart(id, targets());
      case 3:
        return shell_.up(id, targets());
      default:
        return shell_.stop(id, targets());
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

  /// Something happens to a tree.
  void live() {
    if (shell_.trees.empty()) return;
    const std::string name = dice_.pick(shell_.trees);
    switch (dice_.roll(14)) {
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
        return shell_.post(ServiceEvent{name, event});
      }
      case 5:
      case 6:
        return shell_.spawned(name);
      default:
        if (shell_.state(name) == State::stopping) return shell_.ended(name, "killed by SIGTERM");
        return shell_.ready(name);
    }
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
  CHECK(shell.trees.empty());
  CHECK(shell.open.empty());
  CHECK(shell.held.empty());
  CHECK(shell.engine.idle());
  CHECK_FALSE(shell.engine.next_deadline());
}

TEST_CASE("whatever happens, no service ever has two trees, and a stop of everything ends") {
  for (std::uint64_t seed = 0; seed < kEpisodes; ++seed) {
    INFO("seed " << seed);
    Episode episode(seed);
    episode.run();
    episode.stop_everything();
    REQUIRE(episode.shell().broken == std::vector<std::string>{});
    check_nothing_is_left(episode.shell());
  }
}

TEST_CASE("whatever happens, every operation ends when its client is gone and the trees are empty") {
  for (std::uint64_t seed = 1000; seed < 1000 + kEpisodes; ++seed) {
    INFO("seed " << seed);
    Episode episode(seed);
    episode.run();
    episode.fade_out();
    REQUIRE(episode.shell().broken == std::vector<std::string>{});
    check_nothing_is_left(episode.shell());
  }
}

}  // namespace
}  // namespace devinit::engine
