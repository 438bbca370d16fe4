#include "cli/supervision_arguments.hpp"

#include <catch2/catch.hpp>

#include "cli/arguments.hpp"

namespace devinit::cli {
namespace {

Arguments parsed(const std::vector<std::string>& words) {
  const auto result = parse_arguments(words, {});
  INFO((result ? std::string() : result.error().message));
  REQUIRE(result.has_value());
  REQUIRE(std::holds_alternative<Arguments>(*result));
  return std::get<Arguments>(*result);
}

Error refused(const std::vector<std::string>& words) {
  const auto result = parse_arguments(words, {});
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == Errc::usage);
  return result.error();
}

using Words = std::vector<std::string>;

TEST_CASE("profiles are given together or one after the other") {
  CHECK(parsed({"start", "--profile", "api,web"}).supervision.profiles == Words{"api", "web"});
  CHECK(parsed({"up", "--profile", "api", "backend", "--profile=web"}).supervision.profiles == Words{"api", "web"});
  CHECK(parsed({"up", "--profile", "api", "backend"}).targets == Words{"backend"});
  for (const char* command : {"restart", "stop", "wait", "status", "graph"}) {
    CHECK(parsed({command, "--profile", "api"}).supervision.profiles == Words{"api"});
  }
  for (const char* text : {"", ",", "api,", ",api", "a,,b"}) refused({"start", "--profile", text});
  refused({"reload", "--profile", "api"});
}

TEST_CASE("all means all, whatever the profiles are") {
  const auto arguments = parsed({"start", "all", "--profile", "api"});
  CHECK(arguments.targets.empty());
  CHECK(arguments.supervision.profiles.empty());
}

TEST_CASE("a timeout has its unit") {
  CHECK(parsed({"wait", "--timeout", "500ms"}).supervision.timeout == Millis(500));
  CHECK(parsed({"stop", "--timeout", "2m"}).supervision.timeout == Millis(120'000));
  CHECK_FALSE(parsed({"wait"}).supervision.timeout);
  for (const char* text : {"", "5", "-1s", "5 s", "soon", "1e3s"}) refused({"wait", "--timeout", text});
  refused({"start", "--timeout", "5s"});
}

TEST_CASE("wait has four goals") {
  CHECK(parsed({"wait"}).supervision.wait_for == WaitFor::ready);
  CHECK(parsed({"wait", "migrate", "--for", "completed"}).supervision.wait_for == WaitFor::completed);
  CHECK(refused({"wait", "--for", "stoped"}).hint.find("`stopped`") != std::string::npos);
}

TEST_CASE("exec and test leave the words of the command alone") {
  const auto exec = parsed({"exec", "--service", "backend", "--", "psql", "-C", "x", "--json"});
  CHECK(exec.command == Command::exec);
  CHECK(exec.supervision.command == Words{"psql", "-C", "x", "--json"});
  CHECK(exec.targets == Words{"backend"});
  CHECK_FALSE(exec.json);
  const auto test = parsed({"-C", "shop", "test", "--service", "a", "--service", "b", "pytest", "-q"});
  CHECK(test.supervision.command == Words{"pytest", "-q"});
  CHECK(test.targets == Words{"a", "b"});
  CHECK(test.directory == "shop");
  CHECK_FALSE(test.quiet);
}

TEST_CASE("exec and test need a command, and exec at most one service") {
  CHECK(refused({"exec"}).hint.find("devinit exec --") != std::string::npos);
  refused({"test", "--"});
  refused({"exec", "--", ""});
  refused({"exec", "--service", "a", "--service", "b", "--", "env"});
  refused({"exec", "--service", "all", "--", "env"});
}

TEST_CASE("up ends with a service or with the first failure") {
  const auto arguments = parsed({"up", "--exit-code-from", "tests", "--abort-on-failure"});
  CHECK(arguments.supervision.exit_code_from == "tests");
  CHECK(arguments.supervision.abort_on_failure);
  refused({"up", "--exit-code-from", ""});
  CHECK(refused({"up", "--abort-on-failur"}).hint.find("`--abort-on-failure`") != std::string::npos);
}

TEST_CASE("a graph is text, JSON or DOT") {
  CHECK(parsed({"graph", "--dot"}).supervision.dot);
  CHECK(parsed({"graph", "backend", "--json"}).json);
  refused({"graph", "--dot", "--json"});
}

TEST_CASE("reload takes no service") {
  CHECK(parsed({"reload"}).command == Command::reload);
  refused({"reload", "backend"});
}

TEST_CASE("mistakes of one command line are told together") {
  const auto error = refused({"wait", "--timeout", "5", "--for", "ever"});
  CHECK(error.message.find("--timeout") != std::string::npos);
  CHECK(error.message.find("--for") != std::string::npos);
}

}  // namespace
}  // namespace devinit::cli
