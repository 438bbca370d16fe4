#include <catch2/catch.hpp>
#include <cerrno>

#include "support/guarded_service.hpp"

using namespace devinit;
using namespace devinit::test;
using guardian::ReportKind;
using guardian::SetupStep;

namespace {

/// What a script says with these limits.
std::string said_under(const std::string& limits, const std::string& text) {
  GuardedOptions options;
  options.limits = limits;
  GuardedService service(script(text), options);
  CHECK(service.run_to_end().success());
  return service.log();
}

}  // namespace

TEST_CASE("Guardian limits its service and all that it starts, softly and hard at once") {
  CHECK(said_under("nofile=123", "ulimit -Sn; ulimit -Hn; sh -c 'ulimit -n'") == "123\n123\n123\n");
  CHECK(said_under("core=0", "ulimit -Sc; ulimit -Hc") == "0\n0\n");
  CHECK(said_under("fsize=51200", "ulimit -f") == "100\n");      // dash counts blocks of 512 bytes …
  CHECK(said_under("stack=1048576", "ulimit -s") == "1024\n");   // … and these in KB
  CHECK(said_under("as=1073741824", "ulimit -v") == "1048576\n");
  CHECK(said_under("nproc=54321", "grep '^Max processes' /proc/self/limits | tr -s ' '") == "Max processes 54321 54321 processes \n");
}

TEST_CASE("Guardian sets priority and file mask of its service, not its own") {
  GuardedOptions options;
  options.limits = "umask=63,nice=5,nofile=200";
  GuardedService service(script("umask; nice; ulimit -n; echo x >$say; exec sleep 1000"), options);
  service.expect_spawned();
  CHECK(service.heard() == "x");
  std::ifstream status("/proc/" + std::to_string(service.guardian().pid) + "/status");
  const std::string text((std::istreambuf_iterator<char>(status)), {});
  CHECK(text.find("Umask:\t0077") == text.npos);
  service.kill_all();
  service.expect_empty();
  service.expect_end_of_guardian();
  CHECK(service.log() == "0077\n5\n200\n");
}

TEST_CASE("Guardian names the limit that the kernel refuses, and how much was asked for") {
  GuardedOptions options;
  options.limits = "core=0,nofile=1099511627776,fsize=1";  // above fs.nr_open: even root may not
  GuardedService service(script("echo never"), options);
  service.expect_spawned();
  const auto report = service.expect(ReportKind::exec_failed);
  CHECK(report.value == EPERM);
  CHECK(static_cast<SetupStep>(report.extra) == SetupStep::nofile);
  CHECK(report.asked == 1099511627776);
  service.expect_end_of_guardian();
  CHECK(service.log().empty());
}

TEST_CASE("A signal order reaches the leader alone and changes nothing else") {
  const TemporaryFolder folder;
  const auto worker = folder.write("worker", answering("worker"));
  GuardedService service(script("/bin/sh " + worker + " & " + answering("leader", 4)));
  service.expect_spawned();
  (void)service.heard_processes(2);
  service.signal(SIGUSR1);
  CHECK(service.heard() == "leader USR1");
  const auto exited = service.expect(ReportKind::leader_exited);
  CHECK(os::ExitStatus::from_wait_status(exited.value).code() == 4);
  service.signal(SIGUSR1);  // there is no leader any more
  service.stop();
  CHECK(service.heard() == "worker TERM");
  CHECK(service.expect_empty().code() == 4);
  service.expect_end_of_guardian();
}

TEST_CASE("Output that is discarded leaves no file, blocks nobody and is not called lost") {
  GuardedOptions options;
  options.discard_output = true;
  GuardedService service(script("head -c 3000000 /dev/zero; echo error >&2; exit 3"), options);
  service.expect_spawned();
  const auto report = service.expect(ReportKind::empty);
  CHECK(os::ExitStatus::from_wait_status(report.value).code() == 3);
  CHECK(report.extra == 0);
  service.expect_end_of_guardian();
  CHECK_FALSE(std::ifstream(service.log_path()).good());
}
