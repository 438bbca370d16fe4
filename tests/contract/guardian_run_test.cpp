#include <catch2/catch.hpp>
#include <cerrno>
#include <sstream>

#include "support/guarded_service.hpp"

using namespace devinit;
using namespace devinit::test;
using guardian::ReportKind;

namespace {

int exec_failure_of(const std::string& program) {
  GuardedService service({program});
  service.expect_spawned();
  const auto report = service.expect(ReportKind::exec_failed);
  CHECK(report.extra == 0);
  service.expect_end_of_guardian();
  return report.value;
}

std::string status_line(pid_t pid, const std::string& label) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(label)) return line.substr(label.size());
  }
  return {};
}

long wake_ups_of(pid_t pid) { return std::stol(status_line(pid, "voluntary_ctxt_switches:")); }

/// utime + stime, in hundredths of a second.
long cpu_time_of(pid_t pid) {
  const std::string stat = content_of("/proc/" + std::to_string(pid) + "/stat");
  std::istringstream fields(stat.substr(stat.rfind(')') + 2));
  std::string field;
  for (int i = 0; i < 11; ++i) fields >> field;
  long user = 0;
  long system = 0;
  fields >> user >> system;
  return user + system;
}

/// An interval that ends by an event.
void while_another_process_lives() { CHECK(ChildProcess(shell("sleep 0.3")).wait().success()); }

void check_idle(pid_t guardian) {
  wait_until([&] { return os::process_stat(guardian)->state == 'S'; });
  const long wake_ups = wake_ups_of(guardian);
  const long cpu = cpu_time_of(guardian);
  while_another_process_lives();
  CHECK(wake_ups_of(guardian) - wake_ups <= 2);  // the event before may still be on its way
  CHECK(cpu_time_of(guardian) - cpu <= 1);
}

}  // namespace

TEST_CASE("Guardian reports the exit code of its service exactly") {
  for (const int code : {0, 1, 42, 255}) {
    GuardedService service(script("exit " + std::to_string(code)));
    CHECK(service.run_to_end().code() == code);
  }
}

TEST_CASE("Guardian reports the signal that ended its service") {
  for (const int signal : {SIGSEGV, SIGKILL, SIGTERM, SIGUSR1}) {
    GuardedService service(script("ulimit -c 0; kill -" + std::to_string(signal) + " $$"));
    CHECK(service.run_to_end().signal() == signal);
  }
}

TEST_CASE("Guardian names the leader by its pid and start time") {
  GuardedService service(script("echo $$ >$say; exec sleep 1000"));
  const auto leader = service.expect_spawned();
  CHECK(service.heard_process() == leader);
  CHECK(os::process_stat(leader.pid)->ppid == service.guardian().pid);
  CHECK(os::process_stat(leader.pid)->pgid == leader.pid);
  CHECK(os::process_stat(leader.pid)->sid == service.guardian().pid);
}

TEST_CASE("Guardian reports why its service cannot be executed") {
  const TemporaryFolder folder;
  CHECK(exec_failure_of(folder.path("missing")) == ENOENT);
  CHECK(exec_failure_of(folder.write("plain", "echo no", 0644)) == EACCES);
  CHECK(exec_failure_of(folder.path()) == EACCES);
  CHECK(exec_failure_of(folder.write("no-interpreter", "#!/no/such/interpreter\n", 0755)) == ENOENT);
  CHECK(exec_failure_of(folder.write("other-machine", std::string("\x7f" "ELF\0\0\0garbage", 14), 0755)) == ENOEXEC);
}

TEST_CASE("Guardian runs a script without a first line with /bin/sh") {
  const TemporaryFolder folder;
  const auto path = folder.write("run", "echo \"$0|$1|$2\"\nexit 7\n", 0755);
  GuardedOptions options;
  options.program = path;
  GuardedService service({"run", "one two", ""}, options);
  CHECK(service.run_to_end().code() == 7);
  CHECK(service.log() == path + "|one two|\n");
}

TEST_CASE("Guardian hands over arguments, environment and folder as they are") {
  GuardedOptions options;
  options.program = "/bin/sh";
  options.environment["GREETING"] = "with space\nand = line";
  GuardedService service({"own name", "-c", "printf '%s\\n' \"$GREETING\" \"$0\" \"$1\" \"$2\" \"$(pwd)\"", "zero", "", "two  words"}, options);
  CHECK(service.run_to_end().success());
  CHECK(service.log() == "with space\nand = line\nzero\n\ntwo  words\n" + service.folder().path() + "\n");
}

TEST_CASE("helper: counts its open descriptors", "[.]") {
  int count = 0;
  for (int fd = 0; fd < 1024; ++fd) count += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
  ::_exit(count);
}

TEST_CASE("Guardian gives its service nothing but stdin, stdout and stderr") {
  GuardedService service(test_case("helper: counts its open descriptors"));
  CHECK(service.run_to_end().code() == 3);
}

TEST_CASE("Guardian gives its service a clean signal state") {
  GuardedService service(script("echo x >$say; exec sleep 1000"));
  const auto leader = service.expect_spawned();
  CHECK(service.heard() == "x");
  CHECK(status_line(leader.pid, "SigBlk:") == "\t0000000000000000");
  CHECK(status_line(leader.pid, "SigIgn:") == "\t0000000000000000");
}

TEST_CASE("A guarded service's stdin neither ends nor holds anything") {
  GuardedService service(script("echo x >$say; exec sleep 1000"));
  const auto leader = service.expect_spawned();
  CHECK(service.heard() == "x");
  const std::string path = "/proc/" + std::to_string(leader.pid) + "/fd/0";
  const os::UniqueFd input(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  REQUIRE(input.valid());
  char byte = 0;
  CHECK(::read(input.get(), &byte, 1) == -1);  // 0 would be the end
  CHECK(errno == EAGAIN);
}

TEST_CASE("helper: makes its stdout non-blocking and tells whether stderr is", "[.]") {
  ::fcntl(1, F_SETFL, O_NONBLOCK);
  ::_exit((::fcntl(2, F_GETFL) & O_NONBLOCK) != 0 ? 1 : 0);
}

TEST_CASE("A guarded service that makes its stdout non-blocking does not change stderr") {
  GuardedService service(test_case("helper: makes its stdout non-blocking and tells whether stderr is"));
  CHECK(service.run_to_end().code() == 0);
}

TEST_CASE("Guardian tells when the leader has ended and descendants live on") {
  GuardedService service(script("(trap '' HUP; " + kWaitForWord + "exit 3) & exit 9"));
  service.expect_spawned();
  const auto report = service.expect(ReportKind::leader_exited);
  CHECK(os::ExitStatus::from_wait_status(report.value).code() == 9);
  service.tell("go");
  CHECK(service.expect_empty().code() == 9);
  service.expect_end_of_guardian();
}

TEST_CASE("Guardian sleeps while its service is silent") {
  GuardedService service(script("exec sleep 1000"));
  service.expect_spawned();
  check_idle(service.guardian().pid);
}

TEST_CASE("Guardian sleeps when its service has closed stdout and stderr, and goes on") {
  GuardedService service(script("exec >&- 2>&-; echo closed >$say; " + kWaitForWord + "exit 5"));
  service.expect_spawned();
  CHECK(service.heard() == "closed");
  check_idle(service.guardian().pid);
  service.tell("go");
  CHECK(service.expect_empty().code() == 5);
}

TEST_CASE("Guardian sleeps after it has written a line, and after the leader has ended") {
  GuardedService service(script("echo line; (exec sleep 1000) & exit 0"));
  service.expect_spawned();
  service.expect(ReportKind::leader_exited);
  check_idle(service.guardian().pid);
}

TEST_CASE("Guardian sleeps during the grace, with a supervisor and without") {
  GuardedService service(script(answering("leader", 0, "word=1")));
  service.expect_spawned();
  (void)service.heard_processes(1);
  service.stop();
  CHECK(service.heard() == "leader TERM");
  check_idle(service.guardian().pid);
  service.close_control();
  check_idle(service.guardian().pid);
  service.tell("go");
  CHECK(service.wait_for_guardian() == 0);
}

TEST_CASE("Guardian ignores signals") {
  GuardedService service(script("echo x >$say; " + kWaitForWord + "exit 4"));
  service.expect_spawned();
  CHECK(service.heard() == "x");
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGALRM, SIGTSTP}) {
    REQUIRE(::kill(service.guardian().pid, signal) == 0);
  }
  check_idle(service.guardian().pid);
  service.tell("go");
  CHECK(service.expect_empty().code() == 4);
}

TEST_CASE("A service dies with its guardian") {
  const Subreaper subreaper;
  GuardedService service(script("echo x >$say; exec sleep 1000"));
  const auto leader = service.expect_spawned();
  CHECK(service.heard() == "x");
  REQUIRE(::kill(service.guardian().pid, SIGKILL) == 0);
  CHECK(os::wait_for_exit(leader, std::chrono::milliseconds(kPatienceMs)));
  CHECK_FALSE(service.next_report().has_value());
  CHECK(WTERMSIG(service.wait_for_guardian()) == SIGKILL);
}
