// A thousand services: what happens to one of them must not cost a look at all of them. Work is counted by comparison, never by the clock on
// the wall: ten times the services may cost ten times as much, not a hundred times.
#include <catch2/catch.hpp>
#include <ctime>

#include "unit/engine/fake_shell.hpp"

namespace devinit::engine {
namespace {

constexpr std::size_t kLevels = 5;

/// Five levels; every service depends on three of the level below.
std::vector<ServicePlan> graph(std::size_t services) {
  std::vector<ServicePlan> plans;
  const auto width = services / kLevels;
  const auto name = [](std::size_t level, std::size_t at) { return "service-" + std::to_string(level) + "-" + std::to_string(at); };
  for (std::size_t level = kLevels; level-- > 0;) {  // the worst order: dependents first
    for (std::size_t at = 0; at < width; ++at) {
      std::vector<std::string> needs;
      for (std::size_t i = 0; level > 0 && i < 3; ++i) needs.push_back(name(level - 1, (at * 7 + i) % width));
      plans.push_back(service(name(level, at), 0, std::move(needs)));
    }
  }
  return plans;
}

/// Processor time of the engine for a start and a stop, and how many steps it took.
struct Cost {
  double seconds = 0;
  std::size_t steps = 0;
};

/// A shell that costs next to nothing: it keeps no books.
Cost start_and_stop(std::size_t services) {
  Engine engine(1);
  std::vector<Event> queue;
  std::size_t spawned = 0;
  std::size_t finished = 0;
  const TimePoint now{std::chrono::hours{1}};
  StartRequest start;
  start.operation = 1;
  start.services = graph(services);
  start.all = true;
  queue.emplace_back(std::move(start));
  StopRequest stop;
  stop.operation = 2;
  stop.all = true;
  Cost cost;
  for (std::size_t at = 0; at < queue.size(); ++at) {
    const Event event = std::move(queue[at]);
    const auto before = std::clock();
    const auto effects = engine.step(event, now);
    cost.seconds += static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
    ++cost.steps;
    for (const auto& effect : effects) {
      if (const auto* write = std::get_if<WriteFiles>(&effect)) queue.emplace_back(FilesWritten{write->operation, {}});
      if (const auto* done = std::get_if<Finished>(&effect)) {
        ++finished;
        REQUIRE(done->outcome.ok);
        if (done->operation == 1) queue.emplace_back(stop);
      }
      const auto* service = std::get_if<ServiceEffect>(&effect);
      if (service == nullptr) continue;
      if (service->effect == MachineEffect::spawn) {
        ++spawned;
        queue.emplace_back(ServiceEvent{service->service, {MachineEventKind::spawned}, 1});
        queue.emplace_back(ServiceEvent{service->service, {MachineEventKind::became_ready}});
      }
      if (service->effect == MachineEffect::stop_tree) queue.emplace_back(ServiceEvent{service->service, {MachineEventKind::tree_empty}});
    }
    (void)engine.next_deadline();
  }
  REQUIRE(spawned == services);
  REQUIRE(finished == 2);
  REQUIRE(engine.idle());
  return cost;
}

TEST_CASE("a thousand services in five levels cost ten times what a hundred cost, not a hundred times") {
  (void)start_and_stop(100);  // warm
  double few = 0;
  for (int i = 0; i < 5; ++i) few += start_and_stop(100).seconds / 5;
  const auto many = start_and_stop(1000);
  CHECK(many.steps < 5 * 1000);
  CHECK(many.seconds < 40 * few);
}

}  // namespace
}  // namespace devinit::engine
