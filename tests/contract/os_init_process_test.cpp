#include "os/init_process.hpp"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "os/children.hpp"
#include "support/child_process.hpp"

namespace devinit::os {
namespace {

/// A process that does what init does for `body`, whose value is the exit code; it inherits orphans as pid 1 would.
template <class Body>
pid_t start_init(const Body& body) {
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid > 0) return pid;
  become_subreaper();
  if (const auto code = fork_under_init()) ::_exit(*code);
  ::_exit(body());
}

TEST_CASE("init ends with the code of what it was started for") {
  test::ChildProcess init(start_init([] { return 42; }));
  CHECK(init.wait().code() == 42);
}

TEST_CASE("the death of its child by a signal is told as shells do") {
  test::ChildProcess init(start_init([] { return ::raise(SIGKILL); }));
  CHECK(init.wait().code() == 128 + SIGKILL);
}

TEST_CASE("init hands signals on") {
  test::Pipe ready;
  for (const int signal : {SIGTERM, SIGHUP, SIGUSR1, SIGINT}) {
    const auto wait_for_it = [&] {
      sigset_t wanted;
      sigemptyset(&wanted);
      sigaddset(&wanted, signal);
      ::sigprocmask(SIG_BLOCK, &wanted, nullptr);
      static_cast<void>(::write(ready.write_end.get(), "+", 1));
      int got = 0;
      ::sigwait(&wanted, &got);
      return got;
    };
    test::ChildProcess init(start_init(wait_for_it));
    CHECK(test::read_until(ready.read_end.get(), "+") == "+");
    REQUIRE(::kill(init.pid(), signal) == 0);
    CHECK(init.wait().code() == signal);
  }
}

TEST_CASE("signals that end who does not expect them are ignored in the child") {
  test::Pipe ready;
  const auto survive = [&] {
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &wanted, nullptr);
    static_cast<void>(::write(ready.write_end.get(), "+", 1));
    int got = 0;
    ::sigwait(&wanted, &got);
    return got;
  };
  test::ChildProcess init(start_init(survive));
  CHECK(test::read_until(ready.read_end.get(), "+") == "+");
  for (const int signal : {SIGUSR1, SIGUSR2, SIGTERM}) REQUIRE(::kill(init.pid(), signal) == 0);
  CHECK(init.wait().code() == SIGTERM);
}

TEST_CASE("init outlasts what is left of its own program, and hands the end on to it") {
  test::Pipe ready;
  test::Pipe said;
  const auto leave_a_supervisor = [&] {
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &wanted, nullptr);
    if (::fork() == 0) {
      static_cast<void>(::write(ready.write_end.get(), "+", 1));
      int got = 0;
      ::sigwait(&wanted, &got);
      static_cast<void>(::write(said.write_end.get(), "in order", 8));
      ::_exit(0);
    }
    return ::raise(SIGKILL);
  };
  test::ChildProcess init(start_init(leave_a_supervisor));
  CHECK(test::read_until(ready.read_end.get(), "+") == "+");
  while (process_tree(init.pid()).size() != 2) ::sched_yield();  // the child is gone, and what it left is ours
  REQUIRE(::kill(init.pid(), SIGTERM) == 0);
  CHECK(test::read_until(said.read_end.get(), "order") == "in order");
  CHECK(init.wait().code() == 128 + SIGKILL);
}

TEST_CASE("init reaps the orphans of its child") {
  const auto leave_an_orphan = [] {
    const pid_t middle = ::fork();
    if (middle == 0) {
      static_cast<void>(::fork());  // both end at once, the younger one as nobody's child
      ::_exit(0);
    }
    ::waitpid(middle, nullptr, 0);
    const pid_t init = ::getppid();
    while (process_tree(init).size() > 2) ::sched_yield();  // a zombie is in the tree until it is reaped
    return 7;
  };
  test::ChildProcess init(start_init(leave_an_orphan));
  CHECK(init.wait().code() == 7);
}

}  // namespace
}  // namespace devinit::os
