#include "supervisor/readiness.hpp"

#include <catch2/catch.hpp>

#include "contract/network.hpp"
#include "support/probe_fixture.hpp"

namespace devinit::supervisor {
namespace {

using config::ProbeKind;
using std::chrono::milliseconds;

struct Fixture {
  test::Network network;
  test::Loop loop;
  test::News news;
  Readiness readiness{loop.io, news};
  os::UniqueFd image = test::guardian_image();

  void wait_for(const std::string& item) {
    loop.run_until([&] { return news.has(item); });
  }
  /// Lets the loop turn for a while in which nothing of note happens.
  void idle() {
    const auto end = std::chrono::steady_clock::now() + milliseconds(60);
    loop.run_until([&] { return std::chrono::steady_clock::now() >= end; });
  }
};

/// Listens on argv[1] after a word of the test, and stays.
constexpr char kListensLater[] = R"(
import os, socket, sys
open(os.environ["hear"]).readline()
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen(64)
open(os.environ["silence"]).readline()
)";

test::GuardedService later_listener(Port port) { return test::GuardedService(test::python(kListensLater, std::to_string(port))); }

}  // namespace

TEST_CASE("a service is ready when a process of its own tree listens on its port") {
  Fixture fixture;
  const Port port = test::scratch_port();
  const test::GuardedService service({"/bin/sh", "-c", "exec \"$@\"", "sh", "/usr/bin/env", "python3", "-c", kListensLater, std::to_string(port)});
  fixture.readiness.watch(test::probe_target("api", service.guardian().pid, ProbeKind::port, port));
  fixture.idle();
  CHECK(fixture.news.all.empty());
  CHECK(fixture.readiness.reason("api") == "nobody listens on port " + std::to_string(port));
  service.tell("go");
  fixture.wait_for("ready api");
  CHECK(Readiness::serves(service.guardian().pid, port));
}

TEST_CASE("somebody else on the port is told once and does not count") {
  Fixture fixture;
  const Port port = test::scratch_port();
  const auto stranger = test::listener_process(port);
  const test::GuardedService service(test::script(test::kWaitForEver));
  fixture.readiness.watch(test::probe_target("api", service.guardian().pid, ProbeKind::port, port));
  fixture.wait_for("foreign api: " + std::to_string(port));
  fixture.idle();
  CHECK(fixture.news.all.size() == 1);
  CHECK_FALSE(Readiness::serves(service.guardian().pid, port));
}

TEST_CASE("bad answers are told when there are so many in a row, and again after as many more") {
  Fixture fixture;
  const Port port = test::scratch_port();
  const test::GuardedService service(test::script(test::kWaitForEver));
  auto target = test::probe_target("api", service.guardian().pid, ProbeKind::port, port);
  target.spec.failure_threshold = 3;
  fixture.readiness.watch(target);
  fixture.loop.run_until([&] { return fixture.news.all.size() >= 2; });
  CHECK(fixture.news.all.front() == "not ready api: nobody listens on port " + std::to_string(port));
  fixture.readiness.forget("api");
  const auto told = fixture.news.all.size();
  fixture.idle();
  CHECK(fixture.news.all.size() == told);
}

TEST_CASE("an http probe wants the status, sends its headers and says what it got instead") {
  Fixture fixture;
  const Port port = test::scratch_port();
  const test::GuardedService service(test::python(test::kHttpServer, std::to_string(port)));
  (void)service.folder().write("status", "503");
  auto target = test::probe_target("api", service.guardian().pid, ProbeKind::http, port);
  target.spec.http_path = "/health?deep=1";
  target.spec.http_headers = {{"host", "shop.test"}, {"X-Probe", "yes"}};
  target.spec.failure_threshold = 2;
  target.spec.success_threshold = 2;
  fixture.readiness.watch(target);
  fixture.wait_for("not ready api: GET /health?deep=1 answered 503");
  CHECK(fixture.readiness.reason("api") == "GET /health?deep=1 answered 503");
  (void)service.folder().write("status", "204");
  fixture.wait_for("ready api");
  const auto heads = test::content_of(service.folder().path("heads"));
  CHECK(heads.starts_with("GET /health?deep=1 HTTP/1.1\r\n"));
  CHECK(heads.find("\r\nhost: shop.test\r\n") != heads.npos);
  CHECK(heads.find("\r\nX-Probe: yes\r\n") != heads.npos);
  CHECK(heads.find("localhost") == heads.npos);
}

TEST_CASE("an http probe with a named status wants that one") {
  Fixture fixture;
  const Port port = test::scratch_port();
  const test::GuardedService service(test::python(test::kHttpServer, std::to_string(port)));
  (void)service.folder().write("status", "200");
  auto target = test::probe_target("api", service.guardian().pid, ProbeKind::http, port);
  target.spec.http_path = "/";
  target.spec.http_status = 418;
  target.spec.failure_threshold = 1;
  fixture.readiness.watch(target);
  fixture.wait_for("not ready api: GET / answered 200");
  (void)service.folder().write("status", "418");
  fixture.wait_for("ready api");
}

TEST_CASE("a server that listens and never answers is told after the time limit") {
  Fixture fixture;
  const Port port = test::scratch_port();
  const auto service = later_listener(port);
  service.tell("go");
  auto target = test::probe_target("api", service.guardian().pid, ProbeKind::http, port);
  target.spec.http_path = "/";
  target.spec.timeout = milliseconds(20);
  target.spec.failure_threshold = 2;
  fixture.readiness.watch(target);
  fixture.wait_for("not ready api: GET / was not answered within 20ms");
}

TEST_CASE("an exec probe is asked again until it ends with 0, never two at a time") {
  Fixture fixture;
  const test::GuardedService service(test::script(test::kWaitForEver));
  const test::TemporaryFolder folder;
  auto target = test::probe_target("db", service.guardian().pid, ProbeKind::exec);
  target.spec.exec = std::string("db-check");
  target.spec.timeout = milliseconds(5000);
  target.spec.failure_threshold = 2;
  target.exec = [&]() -> Result<os::SpawnRequest> {
    return test::guarded_request(fixture.image.get(), "mkdir busy || touch overlapped; echo x >> asked; test -e up; code=$?; rmdir busy; exit $code",
                                 folder.path());
  };
  fixture.readiness.watch(target);
  fixture.wait_for("not ready db: `db-check` exited with code 1");
  (void)folder.write("up", "");
  fixture.wait_for("ready db");
  CHECK_FALSE(std::filesystem::exists(folder / "overlapped"));
  CHECK(test::content_of(folder / "asked").size() >= 6);
}

TEST_CASE("an exec probe that hangs is ended and counts as a bad answer; forgetting the service ends it, too") {
  Fixture fixture;
  const test::Subreaper subreaper;
  const test::GuardedService service(test::script(test::kWaitForEver));
  const test::TemporaryFolder folder;
  test::Fifo say(folder / "say");
  auto target = test::probe_target("db", service.guardian().pid, ProbeKind::exec);
  target.spec.exec = std::vector<std::string>{"db", "check"};
  target.spec.timeout = milliseconds(20);
  target.spec.failure_threshold = 1;
  target.exec = [&]() -> Result<os::SpawnRequest> {
    return test::guarded_request(fixture.image.get(), "echo $$ > say; exec sleep 1000", folder.path());
  };
  fixture.readiness.watch(target);
  fixture.wait_for("not ready db: `db check` did not end within 20ms");
  std::vector<os::ProcessIdentity> guardians;
  fixture.loop.run_until([&] {
    guardians.clear();
    fixture.readiness.add_guardians(guardians);
    return !guardians.empty();
  });
  fixture.readiness.forget("db");
  CHECK(os::wait_for_exit(guardians.front(), milliseconds(test::kPatienceMs)));
}

TEST_CASE("a log probe finds a line of this run, whatever its colours") {
  Fixture fixture;
  const test::GuardedService service(test::script(
      test::kWaitForWord + "printf 'almost ready on port 80'; read -r word <&8; printf '00\\n\\033[32mready\\033[0m on port 8000\\r\\n'; " + test::kWaitForEver));
  auto target = test::probe_target("web", service.guardian().pid, ProbeKind::log);
  target.spec.log = "^ready on port \\d+$";
  target.spec.failure_threshold = 2;
  target.log_file = service.log_path();
  fixture.readiness.watch(target);
  service.tell("go");
  fixture.wait_for("not ready web: no line of its log matches /^ready on port \\d+$/");
  service.tell("on");
  fixture.wait_for("ready web");
}

TEST_CASE("a log probe of a service with a port wants a listener as well") {
  Fixture fixture;
  const Port port = test::scratch_port();
  const test::TemporaryFolder folder;
  const auto service = later_listener(port);
  auto target = test::probe_target("web", service.guardian().pid, ProbeKind::log, port);
  target.spec.log = "up";
  target.log_file = folder.write("log", "up\n");
  fixture.readiness.watch(target);
  fixture.idle();
  CHECK(fixture.news.all.empty());
  service.tell("go");
  fixture.wait_for("ready web");
}

TEST_CASE("a file probe waits for the file") {
  Fixture fixture;
  const test::GuardedService service(test::script(test::kWaitForEver));
  auto target = test::probe_target("build", service.guardian().pid, ProbeKind::file);
  target.spec.file = service.folder().path("done");
  target.spec.failure_threshold = 1;
  fixture.readiness.watch(target);
  fixture.wait_for("not ready build: " + target.spec.file + " does not exist");
  (void)service.folder().write("done", "");
  fixture.wait_for("ready build");
}

TEST_CASE("a notify probe waits for READY=1, and for a listener where there is a port") {
  Fixture fixture;
  const Port port = test::scratch_port();
  const auto service = later_listener(port);
  fixture.readiness.watch(test::probe_target("worker", service.guardian().pid, ProbeKind::notify));
  fixture.readiness.watch(test::probe_target("api", service.guardian().pid, ProbeKind::notify, port));
  fixture.readiness.notified("worker", {{"STATUS", "warming up"}});
  fixture.readiness.notified("api", {{"READY", "1"}});
  fixture.idle();
  CHECK(fixture.news.all.empty());
  fixture.readiness.notified("worker", {{"READY", "1"}});
  fixture.wait_for("ready worker");
  service.tell("go");
  fixture.wait_for("ready api");
}

TEST_CASE("delay and none are time alone, and the first attempt comes after the initial delay") {
  Fixture fixture;
  const auto start = std::chrono::steady_clock::now();
  const test::GuardedService service(test::script(test::kWaitForEver));
  auto delay = test::probe_target("delay", service.guardian().pid, ProbeKind::delay, 1);
  delay.spec.delay = milliseconds(60);
  delay.spec.success_threshold = 3;
  auto delayed = test::probe_target("delayed", service.guardian().pid, ProbeKind::file);
  delayed.spec.file = "/";
  delayed.spec.initial_delay = milliseconds(100);
  fixture.readiness.watch(test::probe_target("none", service.guardian().pid, ProbeKind::none, 1));
  fixture.readiness.watch(delay);
  fixture.readiness.watch(delayed);
  fixture.wait_for("ready delay");
  CHECK(std::chrono::steady_clock::now() - start >= delay.spec.delay);
  fixture.wait_for("ready delayed");
  CHECK(std::chrono::steady_clock::now() - start >= delayed.spec.initial_delay);
  fixture.wait_for("ready none");
  CHECK(fixture.news.all.size() == 3);
}

TEST_CASE("of a service that others run anybody may listen, and it is asked for ever") {
  Fixture fixture;
  const Port port = test::scratch_port();
  const Port answering = test::scratch_port();
  fixture.readiness.watch(test::probe_target("search", 0, ProbeKind::port, port));
  auto http = test::probe_target("mail", 0, ProbeKind::http, answering);
  http.spec.http_path = "/";
  fixture.readiness.watch(http);
  fixture.idle();
  CHECK(fixture.news.all.empty());
  CHECK(fixture.readiness.reason("search") == "nobody listens on port " + std::to_string(port));
  CHECK(fixture.readiness.reason("mail") == "nobody listens on port " + std::to_string(answering));
  const auto stranger = test::listener_process(port);
  fixture.wait_for("ready search");
  const test::GuardedService server(test::python(test::kHttpServer, std::to_string(answering)));
  fixture.wait_for("ready mail");
}

TEST_CASE("a service that inherited its socket is ready when it accepts, not because the socket listens") {
  Fixture fixture;
  const auto socket = test::serve("127.0.0.1", 0);
  const Port port = test::local_port(socket);
  const bool busy = GENERATE(false, true);
  os::UniqueFd other;
  if (busy) other = test::connect_to("127.0.0.1", port);  // waits in the queue before us
  test::GuardedOptions options;
  options.socket = socket.get();
  const test::GuardedService service(test::python(R"(
import os, socket
server = socket.socket(fileno=3)
open(os.environ["hear"]).readline()
clients = []
while True:
    clients.append(server.accept())
)"),
                                     options);
  auto target = test::probe_target("api", service.guardian().pid, ProbeKind::port, port);
  target.socket_is_ours = true;
  target.spec.failure_threshold = 1;
  fixture.readiness.watch(target);
  fixture.wait_for("not ready api: it accepts no connection on port " + std::to_string(port));
  fixture.idle();
  CHECK_FALSE(fixture.news.has("ready api"));
  service.tell("go");
  fixture.wait_for("ready api");
}

TEST_CASE("a service that listens on the next number is told about after a while") {
  Fixture fixture;
  const Port port = test::scratch_ports(2);
  const auto service = later_listener(static_cast<Port>(port + 1));
  fixture.readiness.watch(test::probe_target("api", service.guardian().pid, ProbeKind::port, port));
  fixture.idle();
  service.tell("go");
  fixture.wait_for("elsewhere api: " + std::to_string(port + 1));
  fixture.readiness.expect_port("api", static_cast<Port>(port + 1));
  fixture.wait_for("ready api");
}

}  // namespace devinit::supervisor
