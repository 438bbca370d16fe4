#include "cli/reload_summary.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace devinit::cli {
namespace {

using engine::ServiceSnapshot;

using Names = std::vector<std::string>;

/// A list and its word, for people and programs.
struct NamedList {
  const char* word;
  Names ReloadSummary::*names;
};
constexpr std::array kLists{NamedList{"restarted", &ReloadSummary::restarted}, NamedList{"updated", &ReloadSummary::updated},
                            NamedList{"started", &ReloadSummary::started},     NamedList{"ran", &ReloadSummary::ran},
                            NamedList{"stopped", &ReloadSummary::stopped},     NamedList{"failed", &ReloadSummary::failed},
                            NamedList{"stale", &ReloadSummary::stale}};

const ServiceSnapshot* find(const engine::ProjectSnapshot& project, const std::string& name) {
  const auto found = std::ranges::find(project.services, name, &ServiceSnapshot::name);
  return found == project.services.end() || found->external ? nullptr : &*found;
}

bool is_up(const ServiceSnapshot* service) { return service != nullptr && !engine::is_down(service->state); }

/// Its last start is another one than it was.
bool is_new_start(const ServiceSnapshot* before, const ServiceSnapshot& after) {
  return after.timeline.spawned != 0 && (before == nullptr || before->timeline.spawned != after.timeline.spawned);
}

/// Where its name belongs; null when nothing has happened to it.
Names ReloadSummary::*list_of(const ServiceSnapshot* before, const ServiceSnapshot* after) {
  const bool was_up = is_up(before);
  if (after == nullptr) return was_up ? &ReloadSummary::stopped : nullptr;
  const bool again = was_up || is_new_start(before, *after);
  if (after->state == engine::State::completed) return again ? &ReloadSummary::ran : nullptr;
  if (after->state == engine::State::failed) return again || before == nullptr ? &ReloadSummary::failed : nullptr;
  if (!is_up(after)) return was_up ? &ReloadSummary::stopped : nullptr;
  if (!was_up) return &ReloadSummary::started;
  if (is_new_start(before, *after) || before->pid != after->pid) return &ReloadSummary::restarted;
  return before->fingerprint == after->fingerprint ? nullptr : &ReloadSummary::updated;
}

std::string joined(const Names& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

ReloadSummary reload_summary(const engine::ProjectSnapshot& before, const engine::ProjectSnapshot& after) {
  ReloadSummary summary;
  const auto note = [&](const std::string& name) {
    const auto* now = find(after, name);
    if (const auto list = list_of(find(before, name), now)) (summary.*list).push_back(name);
    if (is_up(now) && now->stale) summary.stale.push_back(name);
  };
  for (const auto& service : after.services) note(service.name);
  for (const auto& service : before.services) {
    if (find(after, service.name) == nullptr) note(service.name);
  }
  return summary;
}

std::vector<std::string> summary_lines(const ReloadSummary& summary) {
  Names lines;
  for (const auto& [word, names] : kLists) {
    if (names == &ReloadSummary::stale || (summary.*names).empty()) continue;
    lines.push_back(word + (" " + joined(summary.*names)));
  }
  if (lines.empty()) lines.emplace_back("nothing has changed");
  if (!summary.stale.empty()) lines.push_back("stale " + joined(summary.stale) + ": runs with an outdated port of another service until it is restarted");
  return lines;
}

std::string summary_json(const ReloadSummary& summary) {
  nlohmann::ordered_json document{{"event", "reload"}};
  for (const auto& [word, names] : kLists) document[word] = summary.*names;
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace devinit::cli
