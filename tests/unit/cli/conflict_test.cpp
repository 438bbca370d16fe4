#include "cli/conflict.hpp"

#include <catch2/catch.hpp>

namespace devinit::cli {
namespace {

using config::ConflictRule;

TEST_CASE("the command line goes before everything") {
  CHECK(conflict_rule({ConflictRule::next, true, true, ConflictRule::fail, true}) == ConflictRule::next);
}

TEST_CASE("force and FORCE_MODE kill, whatever the configuration says") {
  CHECK(conflict_rule({std::nullopt, true, false, ConflictRule::fail, true}) == ConflictRule::kill);
  CHECK(conflict_rule({std::nullopt, false, true, ConflictRule::next, false}) == ConflictRule::kill);
}

TEST_CASE("the configuration goes before the default") {
  CHECK(conflict_rule({std::nullopt, false, false, ConflictRule::fail, true}) == ConflictRule::fail);
}

TEST_CASE("by default a terminal is asked and nobody is killed without one") {
  CHECK(conflict_rule({std::nullopt, false, false, std::nullopt, true}) == ConflictRule::ask);
  CHECK(conflict_rule({std::nullopt, false, false, std::nullopt, false}) == ConflictRule::next);
}

TEST_CASE("a question names each process with its command") {
  ports::Holder holder;
  holder.kind = ports::Holder::Kind::listener;
  holder.process.emplace();
  holder.process->stat.identity.pid = 12345;
  holder.process->command = {"python3", "-m", "http.server", "8000"};
  CHECK(name_holders({holder}) == "process 12345 (python3 -m http.server 8000)");
  CHECK(name_holders({holder, holder}).starts_with("processes 12345 (python3"));
}

}  // namespace
}  // namespace devinit::cli
