#include <catch2/catch.hpp>
#include <csignal>

#include "os/exit_status.hpp"
#include "support/child_process.hpp"

using devinit::os::ExitStatus;
using devinit::test::ChildProcess;
using devinit::test::shell;

TEST_CASE("an exit code is told with its number") {
  const ExitStatus status = ChildProcess(shell("exit 3")).wait();
  CHECK(status.code() == 3);
  CHECK_FALSE(status.signal().has_value());
  CHECK_FALSE(status.success());
  CHECK(status.describe() == "exited with code 3");
  CHECK(status.wait_status() == ExitStatus::exited(3).wait_status());
}

TEST_CASE("a signal is told by its name") {
  const ExitStatus status = ChildProcess(shell("kill -KILL $$")).wait();
  CHECK_FALSE(status.code().has_value());
  CHECK(status.signal() == SIGKILL);
  CHECK_FALSE(status.success());
  CHECK(status.describe() == "killed by SIGKILL");
}

TEST_CASE("a core dump is mentioned") {
  CHECK(ExitStatus::from_wait_status(SIGSEGV | 0x80).describe() == "killed by SIGSEGV (core dumped)");
  CHECK(ExitStatus::from_wait_status(SIGSEGV).describe() == "killed by SIGSEGV");
}

TEST_CASE("code 0 is success and codes are bytes") {
  CHECK(ExitStatus::exited(0).success());
  CHECK(ExitStatus::exited(0).describe() == "exited with code 0");
  CHECK(ExitStatus::exited(256 + 7).code() == 7);
}

TEST_CASE("a stopped process has neither code nor signal") {
  const ExitStatus status = ExitStatus::from_wait_status((SIGTSTP << 8) | 0x7f);
  CHECK_FALSE(status.code().has_value());
  CHECK_FALSE(status.signal().has_value());
  CHECK(status.describe() == "stopped by SIGTSTP");
}
