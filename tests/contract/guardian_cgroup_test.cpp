#include <catch2/catch.hpp>

#include "os/cgroup.hpp"
#include "support/guarded_service.hpp"

using namespace devinit;
using namespace devinit::test;
using guardian::ReportKind;

namespace {

/// A group of this test's own, or nothing, said once.
std::optional<os::Cgroup> group_for(const std::string& name) {
  auto group = os::Cgroup::make(name);
  if (!group) {
    WARN("skipped: " + group.error().message);
    return std::nullopt;
  }
  return std::move(*group);
}

std::string group_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/cgroup");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("0::")) return line.substr(3);
  }
  return {};
}

}  // namespace

TEST_CASE("A service is in its control group from its first moment, its guardian is not") {
  const auto group = group_for("first-moment");
  if (!group) return;
  GuardedOptions options;
  options.cgroup = group->folder();
  GuardedService service(script("grep ^0:: /proc/self/cgroup; echo $$ >$say; exec sleep 1000"), options);
  const auto leader = service.expect_spawned();
  (void)service.heard();
  CHECK(group_of(leader.pid).ends_with("-first-moment"));
  CHECK(group_of(service.guardian().pid) == group_of(::getpid()));
  service.kill_all();
  service.expect_empty();
  service.expect_end_of_guardian();
  CHECK(service.log().ends_with("-first-moment\n"));
}

TEST_CASE("A killed control group leaves its guardian to tell the end") {
  auto group = group_for("killed");
  if (!group) return;
  GuardedOptions options;
  options.cgroup = group->folder();
  GuardedService service(script("setsid sleep 1000 & echo x >$say; exec sleep 1000"), options);
  service.expect_spawned();
  CHECK(service.heard() == "x");
  REQUIRE(group->kill());
  auto report = service.next_report();
  if (report && report->kind == ReportKind::leader_exited) report = service.next_report();  // the other one took a moment longer
  REQUIRE(report.has_value());
  CHECK(static_cast<int>(report->kind) == static_cast<int>(ReportKind::empty));
  CHECK(os::ExitStatus::from_wait_status(report->value).signal() == SIGKILL);
  service.expect_end_of_guardian();
}

TEST_CASE("helper: forks and ends without a pause", "[.]") {
  std::ofstream(::getenv("say")) << "x\n" << std::flush;
  for (;;) {
    ::setsid();
    if (::fork() > 0) ::_exit(0);
  }
}

TEST_CASE("What forks without a pause is ended by its control group, also when the supervisor is gone") {
  for (const bool alone : {false, true}) {
    auto group = group_for(alone ? "chain-alone" : "chain");
    if (!group) return;
    GuardedOptions options;
    options.cgroup = group->folder();
    options.grace_ms = 0;
    const std::string chain = test_case("helper: forks and ends without a pause").front();
    GuardedService service(script("'" + chain + "' 'helper: forks and ends without a pause' & wait; " + kWaitForEver), options);
    service.expect_spawned();
    CHECK(service.heard() == "x");
    if (alone) {
      service.close_control();
    } else {
      service.kill_all();
      service.expect_empty();
    }
    service.expect_end_of_guardian();
    std::ifstream procs("/proc/self/fd/" + std::to_string(group->folder()) + "/cgroup.procs");
    CHECK(std::string((std::istreambuf_iterator<char>(procs)), {}).empty());
  }
}

TEST_CASE("A shared daemon is left alone in the control group, too") {
  const auto group = group_for("spared");
  if (!group) return;
  const Subreaper subreaper;  // ends the daemon
  const TemporaryFolder folder;
  const auto daemon = folder.write("shareddaemon", "#!/bin/sh\necho $$ >$say; exec 0<&-; " + kWaitForEver, 0755);
  GuardedOptions options;
  options.cgroup = group->folder();
  options.spared = "shareddaemon";
  GuardedService service(script("setsid " + daemon + " & exec sleep 1000"), options);
  service.expect_spawned();
  const auto spared = service.heard_process();
  service.kill_all();
  CHECK(service.expect(ReportKind::spared).value == spared.pid);
  CHECK(service.expect_empty().signal() == SIGKILL);
  service.expect_end_of_guardian();
  CHECK(os::is_alive(spared));
}

TEST_CASE("A descriptor that is no control group costs the service nothing") {
  const TemporaryFolder folder;
  const os::UniqueFd plain(::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  GuardedOptions options;
  options.cgroup = plain.get();
  GuardedService service(script("exit 6"), options);
  CHECK(service.run_to_end().code() == 6);
}
