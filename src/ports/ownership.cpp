#include "ports/ownership.hpp"

#include <string_view>

#include "base/base_name.hpp"

namespace devinit::ports {
namespace {

/// What devinit put into the environment of everything it starts.
std::optional<Ours> labels_of(pid_t pid) {
  const auto root = os::process_environment(pid, "DEVINIT_ROOT");
  if (!root || root->empty()) return std::nullopt;
  return Ours{*root, os::process_environment(pid, "DEVINIT_PROJECT").value_or(std::string(base_name(*root))),
              os::process_environment(pid, "DEVINIT_SERVICE").value_or("")};
}

}  // namespace

std::optional<std::string> supervised_root(const std::vector<std::string>& command) {
  if (command.size() < 4 || command[1] != "supervise" || !base_name(command[0]).starts_with("devinit")) return std::nullopt;
  for (std::size_t i = 2; i + 1 < command.size(); ++i) {
    if (command[i] == "--root") return command[i + 1];
  }
  return std::nullopt;
}

Keeper keeper_of(const std::vector<pid_t>& token_owners) {
  Keeper keeper;
  for (const pid_t pid : token_owners) {
    auto process = os::process_info(pid);
    if (!process) continue;
    const auto root = supervised_root(process->command);
    // A child between fork and exec holds a copy of the token; the supervisor is the one to name.
    if (keeper.process && !root) continue;
    keeper.process = std::move(process);
    if (!root) continue;
    keeper.ours = Ours{*root, std::string(base_name(*root)), {}};
    break;
  }
  return keeper;
}

std::optional<Ours> service_of(pid_t pid, const Keeper* keeper) {
  std::optional<Ours> labels;
  for (const pid_t ancestor : os::ancestors(pid)) {
    const auto process = os::process_info(ancestor);
    const auto root = process ? supervised_root(process->command) : std::nullopt;
    if (root) return labels && labels->root == *root ? labels : Ours{*root, std::string(base_name(*root)), {}};
    if (!labels) labels = labels_of(ancestor);
  }
  const bool kept = labels && keeper != nullptr && keeper->ours && keeper->ours->root == labels->root;
  return kept ? labels : std::nullopt;
}

}  // namespace devinit::ports
