#include <catch2/catch.hpp>

#include "supervisor/task_record.hpp"
#include "support/temporary_folder.hpp"

using namespace devinit;
using namespace devinit::test;
using devinit::supervisor::TaskRecord;

TEST_CASE("A task is done when it was done with the same fingerprint") {
  const TemporaryFolder folder;
  TaskRecord record(folder / "tasks.json");
  CHECK_FALSE(record.done("migrate", "a1").has_value());
  REQUIRE(record.mark_done("migrate", "a1", 1700000000).has_value());
  REQUIRE(record.mark_done("generate", "b2", 1700000001).has_value());
  CHECK(record.done("migrate", "a1") == 1700000000);
  CHECK_FALSE(record.done("migrate", "a2").has_value());
  CHECK_FALSE(record.done("other", "a1").has_value());
  CHECK(TaskRecord(folder / "tasks.json").done("generate", "b2") == 1700000001);
}

TEST_CASE("Only the last fingerprint of a task counts") {
  const TemporaryFolder folder;
  TaskRecord record(folder / "tasks.json");
  REQUIRE(record.mark_done("migrate", "old", 1).has_value());
  REQUIRE(record.mark_done("migrate", "new", 2).has_value());
  CHECK_FALSE(record.done("migrate", "old").has_value());
  CHECK(record.done("migrate", "new") == 2);
}

TEST_CASE("A task that is forgotten is to be done again, and only it") {
  const TemporaryFolder folder;
  TaskRecord record(folder / "tasks.json");
  REQUIRE(record.forget("migrate").has_value());
  CHECK_FALSE(std::filesystem::exists(folder / "tasks.json"));  // nothing to say, nothing written
  REQUIRE(record.mark_done("migrate", "a", 1).has_value());
  REQUIRE(record.mark_done("seed", "b", 2).has_value());
  REQUIRE(record.forget("migrate").has_value());
  CHECK_FALSE(record.done("migrate", "a").has_value());
  CHECK(record.done("seed", "b") == 2);
}

TEST_CASE("A record that cannot be understood is none, and is replaced") {
  const TemporaryFolder folder;
  for (const char* text : {"", "nonsense", "[]", "{}", R"({"version": 2, "tasks": {"migrate": {"fingerprint": "a", "when": 1}}})",
                           R"({"version": 1, "tasks": []})", R"({"version": 1, "tasks": {"migrate": 1}})",
                           R"({"version": 1, "tasks": {"migrate": {"fingerprint": 5, "when": 1}}})",
                           R"({"version": 1, "tasks": {"migrate": {"fingerprint": "a", "when": "1"}}})"}) {
    INFO(text);
    TaskRecord record(folder.write("tasks.json", text));
    CHECK_FALSE(record.done("migrate", "a").has_value());
    REQUIRE(record.mark_done("migrate", "a", 3).has_value());
    CHECK(record.done("migrate", "a") == 3);
  }
}

TEST_CASE("One task that cannot be understood does not take the others with it") {
  const TemporaryFolder folder;
  const TaskRecord record(folder.write(
      "tasks.json", R"({"version": 1, "tasks": {"bad": {}, "good": {"fingerprint": "a", "when": 7, "later": true}}})"));
  CHECK(record.done("good", "a") == 7);
}

TEST_CASE("A record that cannot be written is an error, and the old one stays") {
  const TemporaryFolder folder;
  TaskRecord record(folder / "missing/tasks.json");
  CHECK_FALSE(record.mark_done("migrate", "a", 1).has_value());
  CHECK_FALSE(record.done("migrate", "a").has_value());
}

TEST_CASE("The record is a file of its owner, who is the only one to read it") {
  const TemporaryFolder folder;
  TaskRecord record(folder / "tasks.json");
  REQUIRE(record.mark_done("migrate", "a", 1).has_value());
  CHECK((std::filesystem::status(folder / "tasks.json").permissions() & std::filesystem::perms::all) ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
}
