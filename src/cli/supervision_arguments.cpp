#include "cli/supervision_arguments.hpp"

#include <algorithm>
#include <array>

#include "base/suggest.hpp"
#include "cli/usage_mistakes.hpp"

namespace devinit::cli {
namespace {

constexpr std::array kGoals{WaitFor::ready, WaitFor::started, WaitFor::completed, WaitFor::stopped};

Result<WaitFor> read_goal(const std::string& text) {
  std::vector<std::string> names;
  for (const auto goal : kGoals) {
    names.emplace_back(to_string(goal));
    if (text == names.back()) return goal;
  }
  const auto close = nearest(text, names);
  return Error(Errc::usage, "--for must be ready, started, completed or stopped, not `" + text + "`",
               close ? "did you mean `" + *close + "`?" : std::string());
}

Result<Millis> read_timeout(const std::string& text) {
  const auto duration = parse_duration(text);
  if (duration) return *duration;
  return Error(Errc::usage, "--timeout must be a time with its unit, not `" + text + "`", "for instance 500ms, 30s, 5m; at most 24h");
}

/// "api,web" and "--profile api --profile web" mean the same.
Result<std::vector<std::string>> read_profiles(const std::vector<std::string>& texts) {
  std::vector<std::string> profiles;
  for (const auto& text : texts) {
    for (std::size_t at = 0; at <= text.size();) {
      const auto end = std::min(text.find(',', at), text.size());
      if (end == at) return Error(Errc::usage, "--profile needs names, separated by commas, not `" + text + "`");
      profiles.push_back(text.substr(at, end - at));
      at = end + 1;
    }
  }
  return profiles;
}

Result<std::vector<std::string>> read_command(const std::vector<std::string>& command) {
  if (!command.empty() && !command.front().empty()) return command;
  return Error(Errc::usage, "which command?", "it stands behind --: devinit exec -- psql; devinit test -- pytest");
}

}  // namespace

const char* to_string(WaitFor goal) noexcept {
  switch (goal) {
    case WaitFor::ready:
      return "ready";
    case WaitFor::started:
      return "started";
    case WaitFor::completed:
      return "completed";
    case WaitFor::stopped:
      return "stopped";
  }
  return "ready";
}

Result<SupervisionArguments> read_supervision_arguments(const SupervisionWords& words, bool needs_command) {
  SupervisionArguments arguments;
  UsageMistakes mistakes;
  mistakes.read(arguments.profiles, read_profiles(words.profiles));
  if (words.timeout) mistakes.read(arguments.timeout, read_timeout(*words.timeout));
  if (words.wait_for) mistakes.read(arguments.wait_for, read_goal(*words.wait_for));
  if (words.exit_code_from == "") mistakes.note(Error(Errc::usage, "--exit-code-from needs a service"));
  if (needs_command) mistakes.read(arguments.command, read_command(words.command));
  TRY(mistakes.result());
  arguments.exit_code_from = words.exit_code_from.value_or("");
  arguments.abort_on_failure = words.abort_on_failure;
  arguments.dot = words.dot;
  return arguments;
}

}  // namespace devinit::cli
