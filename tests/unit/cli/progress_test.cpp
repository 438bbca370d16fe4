#include "cli/progress.hpp"

#include <catch2/catch.hpp>

namespace devinit::cli {
namespace {

TEST_CASE("progress says what a service is doing") {
  engine::ServiceSnapshot service;
  service.port = 8000;
  service.state = engine::State::starting;
  service.pid = 12;
  CHECK(progress_text(service) == "starting on port 8000 (pid 12)");
  service.state = engine::State::ready;
  service.url = "http://localhost:8000";
  CHECK(progress_text(service) == "ready at http://localhost:8000");
  service.state = engine::State::failed;
  service.detail = "exited with code 7";
  CHECK(progress_text(service) == "failed: exited with code 7");
}

TEST_CASE("progress says what tasks and scheduled services are doing") {
  engine::ServiceSnapshot task;
  task.state = engine::State::running;
  task.pid = 12;
  CHECK(progress_text(task) == "running (pid 12)");
  task.state = engine::State::completed;
  CHECK(progress_text(task) == "completed");
  task.state = engine::State::scheduled;
  CHECK(progress_text(task) == "scheduled");
  task.next_run = 1;
  CHECK(progress_text(task).starts_with("scheduled, next run "));
}

TEST_CASE("a line is shortened by characters, never inside one") {
  CHECK(shortened("✓ ready", 1) == "✓");
  CHECK(shortened("añb", 2) == "añ");
  CHECK(shortened("short", 80) == "short");
  CHECK(shortened("", 0).empty());
}

}  // namespace
}  // namespace devinit::cli
