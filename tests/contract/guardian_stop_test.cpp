#include <sys/syscall.h>
#include <time.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <thread>

#include "support/guarded_service.hpp"

using namespace devinit;
using namespace devinit::test;
using guardian::ReportKind;
using guardian::Target;

namespace {

/// Shell text: says "NAME PID" and has to be killed, as has its child.
std::string immune(const std::string& name) {
  return "trap '' TERM INT HUP USR1; echo " + name + " $$ >$say; while :; do sleep 1000; done";
}

/// Shell text: runs `text` beside the shell, in a session of its own: out of reach of the group.
std::string detached(const TemporaryFolder& folder, const std::string& name, const std::string& text) {
  return "setsid /bin/sh " + folder.write(name, text) + " & ";
}

bool is_gone(const os::ProcessIdentity& process) { return !os::is_alive(process); }

/// The start of a process is known to a hundredth of a second: who was started in an earlier one is certainly older than what comes now.
void wait_for_next_tick() {
  const auto tick = [] {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * 100 + now.tv_nsec / 10'000'000;
  };
  wait_until([&, start = tick()] { return tick() > start; });
}

}  // namespace

TEST_CASE("helper: answers a signal", "[.]") {
  const std::string name = ::getenv("name");
  std::ofstream say(::getenv("say"));
  sigset_t expected;
  ::sigemptyset(&expected);
  ::sigaddset(&expected, SIGTERM);
  ::sigaddset(&expected, SIGUSR1);
  ::sigprocmask(SIG_BLOCK, &expected, nullptr);
  say << name + " " + std::to_string(::getpid()) + "\n" << std::flush;  // one write: others talk, too
  int signal = -1;
  while (signal < 0) signal = ::sigwaitinfo(&expected, nullptr);  // -1 after a SIGCONT
  say << name + (signal == SIGTERM ? " TERM\n" : " USR1\n") << std::flush;
  if (::getenv("word") != nullptr) {
    std::string word;
    std::ifstream(::getenv("hear")) >> word;
    int count = 1;
    for (const timespec at_once{}; ::sigtimedwait(&expected, nullptr, &at_once) > 0;) ++count;
    say << name + " " + std::to_string(count) + "\n" << std::flush;
  }
  ::_exit(std::stoi(::getenv("code")));
}

TEST_CASE("Stop sends its signal to the leader's group, then to the others, and to nobody twice") {
  const TemporaryFolder folder;
  const auto worker = folder.write("worker", answering("worker", 0, "word=1"));
  GuardedService service(script(detached(folder, "outsider", answering("outsider")) + "/bin/sh " + worker + " & " + answering("leader", 3)));
  service.expect_spawned();
  (void)service.heard_processes(3);
  wait_for_next_tick();
  service.stop();
  std::vector<std::string> heard;
  for (int i = 0; i < 3; ++i) heard.push_back(service.heard());
  std::sort(heard.begin(), heard.end());
  CHECK(heard == std::vector<std::string>{"leader TERM", "outsider TERM", "worker TERM"});
  service.tell("go");
  CHECK(service.heard() == "worker 1");
  CHECK(service.expect_empty().code() == 3);
  service.expect_end_of_guardian();
}

TEST_CASE("Stop sends its signal to the leader alone, and SIGTERM to the others when it is gone") {
  const TemporaryFolder folder;
  const auto worker = folder.write("worker", answering("worker"));
  GuardedService service(script("/bin/sh " + worker + " & " + answering("leader", 2, "word=1")));
  service.expect_spawned();
  (void)service.heard_processes(2);
  service.stop(Target::leader, 600'000, SIGUSR1);
  CHECK(service.heard() == "leader USR1");
  service.tell("go");
  CHECK(service.heard() == "leader 1");
  CHECK(service.heard() == "worker TERM");
  CHECK(service.expect_empty().code() == 2);
}

TEST_CASE("Stop sends its signal to the whole tree") {
  const TemporaryFolder folder;
  GuardedService service(
      script(detached(folder, "outsider", answering("outsider")) + "trap '' USR1; echo leader $$ >$say; " + kWaitForWord + "exit 2"));
  service.expect_spawned();
  (void)service.heard_processes(2);
  service.stop(Target::tree, 600'000, SIGUSR1);
  CHECK(service.heard() == "outsider USR1");
  service.tell("go");
  CHECK(service.expect_empty().code() == 2);
}

TEST_CASE("Stop after the end of the leader sends SIGTERM to all that is left") {
  const TemporaryFolder folder;
  GuardedService service(script(detached(folder, "outsider", answering("outsider")) + "exit 9"));
  service.expect_spawned();
  service.expect(ReportKind::leader_exited);
  (void)service.heard_processes(1);
  service.stop(Target::group, 600'000, SIGUSR1);
  CHECK(service.heard() == "outsider TERM");
  CHECK(service.expect_empty().code() == 9);
}

TEST_CASE("A stop order that comes before the service has run ends it") {
  for (int round = 0; round < 30; ++round) {
    GuardedService service({"/bin/sleep", "1000"});
    service.stop();
    CHECK(service.run_to_end().signal() == SIGTERM);
  }
}

TEST_CASE("A second stop order changes nothing") {
  GuardedService service(script(answering("leader", 4, "word=1")));
  service.expect_spawned();
  (void)service.heard_processes(1);
  service.stop();
  CHECK(service.heard() == "leader TERM");
  service.stop(Target::group, 0);
  service.stop(Target::tree, 0);
  service.tell("go");
  CHECK(service.heard() == "leader 1");
  CHECK(service.expect_empty().code() == 4);
}

TEST_CASE("The last report is not lost when orders come too late") {
  GuardedService service({"/bin/sleep", "1000"});
  const auto leader = service.expect_spawned();
  REQUIRE(::kill(service.guardian().pid, SIGSTOP) == 0);
  wait_until([&] { return os::process_stat(service.guardian().pid)->state == 'T'; });
  REQUIRE(::kill(leader.pid, SIGUSR1) == 0);
  wait_until([&] { return os::process_stat(leader.pid)->state == 'Z'; });
  for (int i = 0; i < 5; ++i) service.stop();  // the first one shows the guardian that nothing is left
  REQUIRE(::kill(service.guardian().pid, SIGCONT) == 0);
  CHECK(service.expect_empty().signal() == SIGUSR1);
  service.expect_end_of_guardian();
}

TEST_CASE("A kill order ends the grace") {
  GuardedService service(script(immune("leader")));
  service.expect_spawned();
  (void)service.heard_processes(1);
  service.stop();
  service.kill_all();
  CHECK(service.expect_empty().signal() == SIGKILL);
  service.expect_end_of_guardian();
}

TEST_CASE("A kill order needs no stop order before it") {
  GuardedService service(script(immune("leader")));
  service.expect_spawned();
  const auto members = service.heard_processes(1);
  service.kill_all();
  CHECK(service.expect_empty().signal() == SIGKILL);
  CHECK(is_gone(members.at("leader")));
}

TEST_CASE("Who ignores the signal is killed when the grace is over") {
  GuardedService service(script(immune("leader")));
  service.expect_spawned();
  const auto members = service.heard_processes(1);
  service.stop(Target::group, 50);
  CHECK(service.expect_empty().signal() == SIGKILL);
  CHECK(is_gone(members.at("leader")));
}

TEST_CASE("Nothing of a tree that hides survives") {
  const TemporaryFolder folder;
  const auto run = [&](const std::string& name) { return "/bin/sh " + folder.write(name, immune(name)); };
  GuardedOptions options;
  options.grace_ms = 20;
  GuardedService service(script(run("child") + " & setsid " + run("session") + " & (setsid " + run("daemon") + " &); nohup " + run("nohup") +
                                " & (setsid /bin/sh -c '(" + run("deep") + " &); exit 0' &); " + immune("leader")),
                         options);
  service.expect_spawned();
  const auto members = service.heard_processes(6);
  SECTION("a stop order") {
    service.stop();
    CHECK(service.expect_empty().signal() == SIGKILL);
  }
  SECTION("a kill order") {
    service.kill_all();
    CHECK(service.expect_empty().signal() == SIGKILL);
  }
  SECTION("the end of the supervisor") { service.close_control(); }
  SECTION("the end of the supervisor after a stop order") {
    service.stop();
    service.close_control();
  }
  service.expect_end_of_guardian();
  for (const auto& [name, member] : members) {
    INFO(name);
    CHECK(is_gone(member));
  }
}

TEST_CASE("The end of the supervisor is a stop order with the signal, target and grace of the command line") {
  const TemporaryFolder folder;
  GuardedOptions options;
  options.stop_signal = SIGUSR1;
  options.stop_target = Target::tree;
  GuardedService service(
      script(detached(folder, "outsider", answering("outsider")) + "trap '' USR1; echo leader $$ >$say; " + kWaitForWord), options);
  service.expect_spawned();
  (void)service.heard_processes(2);
  service.close_control();
  CHECK(service.heard() == "outsider USR1");
  service.tell("go");
  service.expect_end_of_guardian();
}

TEST_CASE("Stopped processes get the chance to end by themselves") {
  const TemporaryFolder folder;
  GuardedService service(script(detached(folder, "outsider", answering("outsider")) + answering("leader", 3)));
  service.expect_spawned();
  for (const auto& [name, member] : service.heard_processes(2)) {
    REQUIRE(::kill(member.pid, SIGSTOP) == 0);
    wait_until([&, pid = member.pid] { return os::process_stat(pid)->state == 'T'; });
  }
  service.stop();
  CHECK(service.heard() == "leader TERM");
  CHECK(service.heard() == "outsider TERM");
  CHECK(service.expect_empty().code() == 3);
}

TEST_CASE("helper: ends its main thread and lives on", "[.]") {
  std::thread([] {
    wait_until([] { return os::process_stat(::getpid())->state == 'Z'; });
    std::ofstream(::getenv("say")) << "half " << ::getpid() << std::endl;
    for (;;) ::pause();
  }).detach();
  ::syscall(SYS_exit, 0);
}

TEST_CASE("A process whose main thread has ended is not taken for dead") {
  const std::string self = "/proc/" + std::to_string(::getpid()) + "/exe";
  GuardedService service(script("setsid " + self + " 'helper: ends its main thread and lives on' & exit 0"));
  service.expect_spawned();
  service.expect(ReportKind::leader_exited);
  const auto members = service.heard_processes(1);
  service.stop();
  service.expect_empty();
  service.expect_end_of_guardian();
  CHECK_FALSE(os::process_stat(members.at("half").pid).has_value());
}

TEST_CASE("A name that looks like a line of the process table confuses nobody") {
  const TemporaryFolder folder;
  const auto path = folder.write("x) Z 1 1 (\n)", "#!/bin/sh\necho odd $$ >$say; " + kWaitForEver, 0755);
  GuardedService service(script("setsid '" + path + "' & " + answering("leader")));
  service.expect_spawned();
  const auto members = service.heard_processes(2);
  service.stop();
  CHECK(service.heard() == "leader TERM");
  service.expect_empty();
  CHECK(is_gone(members.at("odd")));
}

TEST_CASE("Three hundred processes that ignore everything are ended") {
  const TemporaryFolder folder;
  const auto half = folder.write("half", "i=0; while [ $i -lt 150 ]; do sleep 1000 & i=$((i+1)); done; echo full >$say; wait");
  GuardedService service(script("trap '' TERM; setsid /bin/sh " + half + " & exec /bin/sh " + half));
  service.expect_spawned();
  CHECK(service.heard() == "full");
  CHECK(service.heard() == "full");
  CHECK(os::process_tree(service.guardian().pid).size() >= 300);
  service.stop(Target::group, 20);
  CHECK(service.expect_empty().signal() == SIGKILL);
  service.expect_end_of_guardian();
}

TEST_CASE("A tree that forks all the time is ended") {
  GuardedService service(script("trap '' TERM; echo x >$say; while :; do sleep 1000 & setsid sleep 1000 & sleep 0.01; done"));
  service.expect_spawned();
  CHECK(service.heard() == "x");
  service.stop(Target::group, 100);
  CHECK(service.expect_empty().signal() == SIGKILL);
  service.expect_end_of_guardian();
}

TEST_CASE("A shared daemon in a session of its own is left alone and named, with what it has started") {
  const Subreaper subreaper;
  const TemporaryFolder folder;
  const auto daemon = folder.write("shareddaemon", "#!/bin/sh\nsleep 1000 &\necho child-$1 $! >$say; echo $1 $$ >$say; wait\n", 0755);
  GuardedOptions options;
  options.spared = "shared,shareddaemon,daemon";
  options.grace_ms = 20;
  GuardedService service(script("setsid " + daemon + " ours & " + detached(folder, "stray", immune("stray")) + daemon + " inside & wait"), options);
  service.expect_spawned();
  const auto members = service.heard_processes(5);
  service.stop();
  std::vector<pid_t> named;
  auto report = service.next_report();
  for (; report && report->kind == ReportKind::spared; report = service.next_report()) named.push_back(report->value);
  REQUIRE(report.has_value());
  CHECK(report->kind == ReportKind::empty);
  service.expect_end_of_guardian();
  CHECK(named == std::vector<pid_t>{members.at("ours").pid, members.at("child-ours").pid});
  for (const auto& [name, member] : members) {
    INFO(name);
    CHECK(is_gone(member) == (name != "ours" && name != "child-ours"));
  }
}
