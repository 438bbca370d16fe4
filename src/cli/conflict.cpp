#include "cli/conflict.hpp"

#include "os/terminal.hpp"
#include "ports/probe.hpp"
#include "ports/eviction.hpp"

namespace devinit::cli {
namespace {

using config::ConflictRule;
using Choice = api::Request::Choice;

constexpr auto kGrace = std::chrono::seconds(5);
constexpr int kMostRetries = 2;

/// The program by its name alone: an interpreter's long path would push the script's name out of a shortened line.
std::string named_command(os::ProcessInfo process) {
  constexpr std::size_t kReadable = 120;
  if (!process.command.empty()) {
    auto& program = process.command.front();
    program.erase(0, program.rfind('/') + 1);  // npos + 1 is 0
  }
  return ports::command_line(process, kReadable);
}

/// " in /home/ann/shop", where it is known whose service it is.
std::string folder_of(const std::vector<ports::Holder>& holders) {
  for (const auto& holder : holders) {
    if (holder.ours) return " in " + holder.ours->root;
  }
  return {};
}

std::string port_text(Port port) { return "port " + std::to_string(port); }

}  // namespace

ConflictRule conflict_rule(const ConflictInputs& inputs) noexcept {
  if (inputs.command_line) return *inputs.command_line;
  if (inputs.force || inputs.force_mode) return ConflictRule::kill;
  if (inputs.configuration) return *inputs.configuration;
  return inputs.can_ask ? ConflictRule::ask : ConflictRule::next;
}

bool can_ask(const os::Environment& environment) {
  return os::variable(environment, "CI").empty() && os::is_terminal(0) && os::is_terminal(2);
}

std::string name_holders(const std::vector<ports::Holder>& holders) {
  std::string names;
  int processes = 0;
  for (const auto& holder : holders) {
    if (!names.empty()) names += ", ";
    if (holder.process) {
      ++processes;
      names += std::to_string(holder.process->stat.identity.pid) + " (" + named_command(*holder.process) + ")";
    } else {
      names += ports::describe(holder);
    }
  }
  if (processes == 0) return names;
  return (processes == 1 ? "process " : "processes ") + names;
}

std::optional<std::string> refusal(const std::vector<ports::Holder>& holders) {
  for (const auto& holder : holders) {
    if (auto reason = ports::eviction_refusal(holder)) return name_holders({holder}) + ": " + *reason;
  }
  return std::nullopt;
}

Result<> evict_all(const std::vector<ports::Holder>& holders, Port port) {
  for (const auto& holder : holders) {
    // With several listeners on one port only the last eviction can find the port free.
    auto evicted = ports::evict(holder, port, kGrace);
    if (!evicted && &holder == &holders.back()) return evicted;
    if (!evicted && evicted.error().code == Errc::refused) return evicted;
  }
  return {};
}

ConflictResolver::Answer ConflictResolver::give_way(const api::Busy& busy, std::string reason) const {
  const bool fail = busy.strict || rule_ == ConflictRule::fail;
  return {fail ? Choice::fail : Choice::next, std::move(reason), false};
}

ConflictResolver::Answer ConflictResolver::resolve(const api::Busy& busy) {
  const auto holders = ports::holders_of(busy.port);
  if (holders.empty() && !busy.by_devinit) {
    // Freed meanwhile, or hidden from us: the next claim tells, but not for ever.
    const bool free = ports::probe(busy.port) == ports::Verdict::free;
    if (free && ++freed_[busy.port] <= kMostRetries) return {Choice::retry, "it is free again", false};
    return give_way(busy, port_text(busy.port) + " is bound by a process that does not listen, and the kernel does not tell which");
  }
  const std::string held =
      port_text(busy.port) + " is held by " + (holders.empty() ? "another devinit" : name_holders(holders));
  for (const auto& holder : holders) {
    const auto whose = "port " + std::to_string(busy.port) + " for " + busy.service + " is held by " + ports::describe(holder);
    output_.say(output_.talk_colored(Color::yellow, output_.style().unicode ? "⚠" : "!") + " " + whose);
  }
  if (busy.by_devinit) return give_way(busy, held + ", a service of a running devinit" + folder_of(holders));
  return by_rule(busy, holders);
}

ConflictResolver::Answer ConflictResolver::by_rule(const api::Busy& busy, const std::vector<ports::Holder>& holders) {
  const std::string held = port_text(busy.port) + " is held by " + name_holders(holders);
  switch (rule_) {
    case ConflictRule::next:
    case ConflictRule::fail:
      return give_way(busy, held);
    case ConflictRule::ask:
      return can_ask_ ? ask(busy, holders) : give_way(busy, held + " and there is no terminal to ask at");
    case ConflictRule::kill:
      return kill(busy, holders);
  }
  return give_way(busy, held);
}

ConflictResolver::Answer ConflictResolver::ask(const api::Busy& busy, const std::vector<ports::Holder>& holders) {
  if (auto reason = refusal(holders)) {
    output_.insist("not killing " + *reason);
    return give_way(busy, "cannot kill " + *reason);
  }
  const auto question = "Kill " + name_holders(holders) + " to free " + port_text(busy.port) + "? [y/N]";
  switch (os::ask_yes_no(question, os::Answer::no, kQuestionLimit, cancel_fd_)) {
    case os::Answer::yes:
      return kill(busy, holders);
    case os::Answer::interrupted:
      return {Choice::fail, "interrupted", true};
    case os::Answer::timed_out:
      output_.insist("no answer for 60 s: not killing");
      break;
    case os::Answer::end_of_input:
    case os::Answer::no:
      break;
  }
  return give_way(busy, port_text(busy.port) + " is held by " + name_holders(holders));
}

ConflictResolver::Answer ConflictResolver::kill(const api::Busy& busy, const std::vector<ports::Holder>& holders) {
  if (freed_[busy.port] >= kMostRetries) return give_way(busy, port_text(busy.port) + " is taken again as soon as it is freed");
  if (auto reason = refusal(holders)) {
    output_.insist("not killing " + *reason);
    return give_way(busy, "cannot kill " + *reason);
  }
  const auto evicted = evict_all(holders, busy.port);
  if (!evicted) {
    output_.insist(port_text(busy.port) + " could not be freed: " + evicted.error().message);
    return give_way(busy, evicted.error().message);
  }
  ++freed_[busy.port];
  output_.insist("killed " + name_holders(holders) + ": " + port_text(busy.port) + " is free");
  return {Choice::retry, "killed " + name_holders(holders), false};
}

}  // namespace devinit::cli
