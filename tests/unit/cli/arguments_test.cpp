#include "cli/arguments.hpp"

#include <catch2/catch.hpp>

namespace devinit::cli {
namespace {

Arguments parsed(const std::vector<std::string>& words, const os::Environment& environment = {}) {
  const auto result = parse_arguments(words, environment);
  INFO((result ? std::string() : result.error().message));
  REQUIRE(result.has_value());
  REQUIRE(std::holds_alternative<Arguments>(*result));
  return std::get<Arguments>(*result);
}

Error refused(const std::vector<std::string>& words, const os::Environment& environment = {}) {
  const auto result = parse_arguments(words, environment);
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == Errc::usage);
  return result.error();
}

std::string help(const std::vector<std::string>& words) {
  const auto result = parse_arguments(words, {});
  REQUIRE(result.has_value());
  REQUIRE(std::holds_alternative<HelpText>(*result));
  return std::get<HelpText>(*result).text;
}

constexpr const char* kCommands[] = {"start", "stop", "restart", "reload", "up",   "wait", "status",
                                     "graph", "logs", "exec",    "test",   "init", "version"};

TEST_CASE("global options are accepted before and after the command") {
  for (const auto& words : std::vector<std::vector<std::string>>{{"--json", "-C", "shop", "-y", "start", "backend"},
                                                                 {"start", "backend", "--json", "--project", "shop", "--yes"},
                                                                 {"start", "--project=shop", "--json", "-y", "backend"}}) {
    const auto arguments = parsed(words);
    CHECK(arguments.command == Command::start);
    CHECK(arguments.json);
    CHECK(arguments.yes);
    CHECK(arguments.directory == "shop");
    CHECK(arguments.targets == std::vector<std::string>{"backend"});
  }
}

TEST_CASE("all among the targets means all") {
  CHECK(parsed({"start", "all"}).targets.empty());
  CHECK(parsed({"stop", "backend", "all"}).targets.empty());
  CHECK(parsed({"restart"}).targets.empty());
}

TEST_CASE("a misspelt command, option or rule gets a suggestion") {
  CHECK(refused({"strat"}).hint.find("`start`") != std::string::npos);
  CHECK(refused({"start", "--forse"}).hint.find("`--force`") != std::string::npos);
  CHECK(refused({"logs", "--folow"}).hint.find("`--follow`") != std::string::npos);
  CHECK(refused({"start", "--on-conflict", "kil"}).hint.find("`kill`") != std::string::npos);
}

TEST_CASE("what a command does not take is an error") {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {}, {"status", "backend"}, {"kill"}, {"kill", "1", "2"}, {"start", "-n", "3"}, {"start", "--on-conflict"}, {"-C"}}) {
    refused(words);
  }
}

TEST_CASE("every command has a help with examples") {
  CHECK(help({"--help"}).find("Examples:") != std::string::npos);
  for (const char* command : kCommands) {
    CHECK(help({command, "--help"}).find(std::string("Usage: devinit ") + command) != std::string::npos);
    CHECK(help({command, "-h"}).find("Examples:\n  devinit") != std::string::npos);
  }
}

TEST_CASE("numbers are plain decimal numbers") {
  CHECK(parsed({"kill", "8000"}).port == 8000);
  for (const char* word : {"0", "-1", "65536", "010", "0x50", " 80", "80 ", "8000.0", "+80", "http", ""})
    refused({"kill", word});
  CHECK(parsed({"logs"}).lines == 100);
  CHECK(parsed({"logs", "-n", "0", "-f"}).lines == 0);
  CHECK(parsed({"logs", "-n20"}).lines == 20);
  for (const char* word : {"-3", "many", "1.5", "99999999999999999999"}) refused({"logs", "-n", word});
}

TEST_CASE("truth values are read in any case and nothing else is guessed") {
  for (const char* text : {"1", "true", "TRUE", "Yes"}) CHECK(parse_truth(text) == true);
  for (const char* text : {"", "0", "false", "No", "FALSE"}) CHECK(parse_truth(text) == false);
  for (const char* text : {"2", "on", "off", "y", " true", "maybe"}) CHECK_FALSE(parse_truth(text));
}

TEST_CASE("QUIET and FORCE_MODE switch on and are checked") {
  CHECK(parsed({"start"}, {{"QUIET", "true"}}).quiet);
  CHECK(parsed({"start"}, {{"FORCE_MODE", "YES"}}).force_mode);
  CHECK(parsed({"start", "-q"}, {{"QUIET", "0"}}).quiet);
  CHECK_FALSE(parsed({"start"}, {{"QUIET", ""}, {"FORCE_MODE", "no"}}).force_mode);
  CHECK(refused({"start"}, {{"FORCE_MODE", "maybe"}}).message.find("FORCE_MODE") != std::string::npos);
  CHECK(refused({"status"}, {{"QUIET", "very"}}).message.find("QUIET") != std::string::npos);
}

TEST_CASE("version is a command and an option") {
  CHECK(parsed({"version", "--json"}).command == Command::version);
  CHECK(parsed({"--version"}).command == Command::version);
}

TEST_CASE("help is a command as well") {
  const auto parsed = parse_arguments({"help", "stop"}, {});
  REQUIRE(parsed.has_value());
  CHECK(std::holds_alternative<HelpText>(parsed.value()));
}

}  // namespace
}  // namespace devinit::cli
