#include "cli/reload_summary.hpp"

#include <algorithm>
#include <array>

namespace devinit::cli {
namespace {

using engine::ServiceSnapshot;

enum class Change { none, restarted, started, ran, stopped };

const ServiceSnapshot* find(const engine::ProjectSnapshot& project, const std::string& name) {
  const auto found = std::ranges::find(project.services, name, &ServiceSnapshot::name);
  return found == project.services.end() || found->external ? nullptr : &*found;
}

bool is_up(const ServiceSnapshot* service) { return service != nullptr && !engine::is_down(service->state); }

Change change_of(const ServiceSnapshot* before, const ServiceSnapshot* after) {
  if (is_up(before) && !is_up(after)) {
    return after != nullptr && after->state == engine::State::completed ? Change::ran : Change::stopped;
  }
  if (after == nullptr) return Change::none;
  if (after->state == engine::State::completed) {
    const bool again = after->timeline.spawned != 0 && (before == nullptr || before->timeline.spawned != after->timeline.spawned);
    return again ? Change::ran : Change::none;
  }
  if (!is_up(after)) return Change::none;
  if (!is_up(before)) return Change::started;
  return before->pid == after->pid && before->fingerprint == after->fingerprint ? Change::none : Change::restarted;
}

}  // namespace

std::vector<std::string> reload_summary(const engine::ProjectSnapshot& before, const engine::ProjectSnapshot& after) {
  constexpr std::array kWords{"", "restarted", "started", "ran", "stopped"};
  std::array<std::string, kWords.size()> names;
  const auto note = [&](const std::string& name) {
    auto& list = names[static_cast<std::size_t>(change_of(find(before, name), find(after, name)))];
    list += (list.empty() ? "" : ", ") + name;
  };
  for (const auto& service : after.services) note(service.name);
  for (const auto& service : before.services) {
    if (find(after, service.name) == nullptr) note(service.name);
  }
  std::vector<std::string> lines;
  for (std::size_t i = 1; i < kWords.size(); ++i) {
    if (!names[i].empty()) lines.push_back(std::string(kWords[i]) + " " + names[i]);
  }
  if (lines.empty()) lines.emplace_back("nothing has changed");
  return lines;
}

}  // namespace devinit::cli
