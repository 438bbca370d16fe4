#pragma once

#include <cstdint>
#include <string>

#include "cli/commands/commands.hpp"

namespace devinit::cli {

/// Who shows the log of a job, and folds what it is told belongs together.
enum class CiSystem { none, github, gitlab, azure, teamcity, buildkite, travis };
/// By the variable that each of them sets: GITHUB_ACTIONS, GITLAB_CI, TF_BUILD, TEAMCITY_VERSION, BUILDKITE, TRAVIS.
[[nodiscard]] CiSystem ci_system(const os::Environment& environment);
/// The lines that begin and end a group; `now`: wall clock seconds. Empty where there is nothing to write: without a system, and
/// at an end that the next group's beginning is.
[[nodiscard]] std::string group_begin(CiSystem system, const std::string& title, std::int64_t now);
[[nodiscard]] std::string group_end(CiSystem system, const std::string& title, std::int64_t now);

/// One phase of a command as a group in the log of a CI job, from here to the end of its scope. Nothing on a terminal, with --quiet or --json.
class LogGroup {
 public:
  LogGroup(const Context& context, std::string title);
  LogGroup(const LogGroup&) = delete;
  LogGroup& operator=(const LogGroup&) = delete;
  ~LogGroup() { end(); }
  void end();

 private:
  Output& output_;
  CiSystem system_;
  std::string title_;
};

}  // namespace devinit::cli
