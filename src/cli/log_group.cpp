#include "cli/log_group.hpp"

#include <utility>

#include "cli/clock_time.hpp"
#include "os/terminal.hpp"

namespace devinit::cli {
namespace {

constexpr int kStderr = 2;

bool is_set(const os::Environment& environment, const char* name) {
  return parse_truth(os::variable(environment, name)).value_or(true);
}

/// GitLab and Travis find the end of a group by its name, which stands beside the title: letters, digits and `_`.
std::string plain_name(const std::string& title) {
  std::string name = "devinit_";
  for (const char c : title) name += (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '_';
  return name;
}

std::string gitlab_mark(const char* edge, const std::string& title, std::int64_t now) {
  return "\x1b[0Ksection_" + std::string(edge) + ":" + std::to_string(now) + ":" + plain_name(title) + "\r\x1b[0K";
}

std::string travis_mark(const char* edge, const std::string& title) {
  return "travis_fold:" + std::string(edge) + ":" + plain_name(title) + "\r\x1b[0K";
}

/// A value of a service message: what ends it, and the escape itself, stand behind a bar.
std::string teamcity_mark(const char* edge, const std::string& title) {
  std::string name;
  for (const char c : "devinit: " + title) {
    if (c == '\'' || c == '|' || c == '[' || c == ']') name += '|';
    name += c == '\n' || c == '\r' ? ' ' : c;
  }
  return "##teamcity[block" + std::string(edge) + " name='" + name + "']";
}

}  // namespace

CiSystem ci_system(const os::Environment& environment) {
  if (is_set(environment, "GITHUB_ACTIONS")) return CiSystem::github;
  if (is_set(environment, "GITLAB_CI")) return CiSystem::gitlab;
  if (is_set(environment, "TF_BUILD")) return CiSystem::azure;
  if (is_set(environment, "TEAMCITY_VERSION")) return CiSystem::teamcity;
  if (is_set(environment, "BUILDKITE")) return CiSystem::buildkite;
  if (is_set(environment, "TRAVIS")) return CiSystem::travis;
  return CiSystem::none;
}

std::string group_begin(CiSystem system, const std::string& title, std::int64_t now) {
  switch (system) {
    case CiSystem::none:
      return "";
    case CiSystem::github:
      return "::group::devinit: " + title;
    case CiSystem::gitlab:
      return gitlab_mark("start", title, now) + "devinit: " + title;
    case CiSystem::azure:
      return "##[group]devinit: " + title;
    case CiSystem::teamcity:
      return teamcity_mark("Opened", title);
    case CiSystem::buildkite:
      return "--- devinit: " + title;
    case CiSystem::travis:
      return travis_mark("start", title) + "devinit: " + title;
  }
  return "";
}

std::string group_end(CiSystem system, const std::string& title, std::int64_t now) {
  switch (system) {
    case CiSystem::none:
    case CiSystem::buildkite:
      return "";
    case CiSystem::github:
      return "::endgroup::";
    case CiSystem::gitlab:
      return gitlab_mark("end", title, now);
    case CiSystem::azure:
      return "##[endgroup]";
    case CiSystem::teamcity:
      return teamcity_mark("Closed", title);
    case CiSystem::travis:
      return travis_mark("end", title);
  }
  return "";
}

LogGroup::LogGroup(const Context& context, std::string title) : output_(context.output), system_(CiSystem::none), title_(std::move(title)) {
  const auto& style = output_.style();
  if (style.quiet || style.json || os::is_terminal(kStderr)) return;
  system_ = ci_system(context.environment);
  if (system_ != CiSystem::none) output_.insist(group_begin(system_, title_, seconds_now()));
}

void LogGroup::end() {
  const auto system = std::exchange(system_, CiSystem::none);
  const auto mark = group_end(system, title_, seconds_now());
  if (!mark.empty()) output_.insist(mark);
}

}  // namespace devinit::cli
