#include "cli/wait_goal.hpp"

#include <algorithm>

#include "cli/progress.hpp"

namespace devinit::cli {
namespace {

using engine::ServiceSnapshot;
using engine::State;

bool has_started(const ServiceSnapshot& service) noexcept {
  switch (service.state) {
    case State::starting:
      return service.pid.has_value();
    case State::ready:
    case State::running:
    case State::completed:
    case State::scheduled:
      return true;
    case State::backing_off:
      return service.timeline.spawned != 0;
    case State::stopped:
    case State::waiting:
    case State::claiming:
    case State::failed:
    case State::stopping:
      break;
  }
  return false;
}

bool is_ready(const ServiceSnapshot& service) noexcept {
  if (service.state == State::completed || service.state == State::scheduled) return true;
  return service.ready || (service.kind == config::ServiceKind::scheduled && service.state == State::running);
}

bool is_met(const ServiceSnapshot& service, WaitFor goal) noexcept {
  switch (goal) {
    case WaitFor::ready:
      return is_ready(service);
    case WaitFor::started:
      return has_started(service);
    case WaitFor::completed:
      return service.state == State::completed || (engine::is_down(service.state) && service.exit_code.has_value());
    case WaitFor::stopped:
      return engine::is_down(service.state);
  }
  return false;
}

bool is_awaited(const ServiceSnapshot& service, WaitFor goal) {
  if (goal == WaitFor::stopped) return !service.external;
  if (goal == WaitFor::completed && service.kind != config::ServiceKind::task) return false;
  return service.wanted;
}

}  // namespace

Standing standing_of(const ServiceSnapshot& service, WaitFor goal) noexcept {
  if (is_met(service, goal)) return Standing::met;
  return service.state == State::failed ? Standing::lost : Standing::pending;
}

Standing standing_of(const std::vector<ServiceSnapshot>& services, WaitFor goal) noexcept {
  auto all = services.empty() && goal != WaitFor::stopped ? Standing::pending : Standing::met;
  for (const auto& service : services) {
    const auto one = standing_of(service, goal);
    if (one == Standing::lost) return one;
    if (one == Standing::pending) all = one;
  }
  return all;
}

std::vector<ServiceSnapshot> awaited_services(const engine::ProjectSnapshot& project, const std::vector<std::string>& names, WaitFor goal) {
  std::vector<ServiceSnapshot> services;
  if (names.empty()) {
    std::ranges::copy_if(project.services, std::back_inserter(services), [goal](const auto& service) { return is_awaited(service, goal); });
  }
  for (const auto& name : names) {
    const auto found = std::ranges::find(project.services, name, &ServiceSnapshot::name);
    services.push_back(found == project.services.end() ? ServiceSnapshot() : *found);
    services.back().name = name;
  }
  return services;
}

std::string pending_text(const std::vector<ServiceSnapshot>& services, WaitFor goal) {
  std::string text;
  for (const auto& service : services) {
    if (standing_of(service, goal) == Standing::met) continue;
    text += (text.empty() ? "" : ", ") + service.name + " is " + progress_text(service);
  }
  return text.empty() ? "nothing has been started" : text;
}

}  // namespace devinit::cli
