#include "cli/log_group.hpp"

#include <catch2/catch.hpp>

namespace devinit::cli {
namespace {

TEST_CASE("the system is known by its variable") {
  CHECK(ci_system({}) == CiSystem::none);
  CHECK(ci_system({{"CI", "true"}}) == CiSystem::none);
  CHECK(ci_system({{"GITHUB_ACTIONS", "true"}}) == CiSystem::github);
  CHECK(ci_system({{"GITLAB_CI", "true"}}) == CiSystem::gitlab);
  CHECK(ci_system({{"TF_BUILD", "True"}}) == CiSystem::azure);
  CHECK(ci_system({{"TEAMCITY_VERSION", "2023.05.1 (build 129203)"}}) == CiSystem::teamcity);
  CHECK(ci_system({{"BUILDKITE", "true"}}) == CiSystem::buildkite);
  CHECK(ci_system({{"TRAVIS", "true"}}) == CiSystem::travis);
  CHECK(ci_system({{"GITHUB_ACTIONS", "false"}}) == CiSystem::none);
}

TEST_CASE("each system has its own marks") {
  CHECK(group_begin(CiSystem::github, "start", 7) == "::group::devinit: start");
  CHECK(group_end(CiSystem::github, "start", 7) == "::endgroup::");
  CHECK(group_begin(CiSystem::azure, "start", 7) == "##[group]devinit: start");
  CHECK(group_end(CiSystem::azure, "start", 7) == "##[endgroup]");
  CHECK(group_begin(CiSystem::teamcity, "it's [a|b]", 7) == "##teamcity[blockOpened name='devinit: it|'s |[a||b|]']");
  CHECK(group_end(CiSystem::teamcity, "start", 7) == "##teamcity[blockClosed name='devinit: start']");
  CHECK(group_begin(CiSystem::buildkite, "start", 7) == "--- devinit: start");
  CHECK(group_end(CiSystem::buildkite, "start", 7).empty());
  CHECK(group_begin(CiSystem::travis, "start", 7) == "travis_fold:start:devinit_start\r\x1b[0Kdevinit: start");
  CHECK(group_end(CiSystem::travis, "start", 7) == "travis_fold:end:devinit_start\r\x1b[0K");
  CHECK(group_begin(CiSystem::none, "start", 7).empty());
}

TEST_CASE("a section of GitLab begins and ends under one plain name") {
  CHECK(group_begin(CiSystem::gitlab, "./Run all", 7) == "\x1b[0Ksection_start:7:devinit____un_all\r\x1b[0Kdevinit: ./Run all");
  CHECK(group_end(CiSystem::gitlab, "./Run all", 9) == "\x1b[0Ksection_end:9:devinit____un_all\r\x1b[0K");
}

}  // namespace
}  // namespace devinit::cli
