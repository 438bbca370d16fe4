#include "supervisor/liveness.hpp"

#include <catch2/catch.hpp>
#include <fstream>

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
  Liveness liveness{loop.io, news};
  os::UniqueFd image = test::guardian_image();

  void wait_for(const std::string& item) {
    loop.run_until([&] { return news.has(item); });
  }
  void wait_for_nothing() {
    const auto end = std::chrono::steady_clock::now() + milliseconds(60);
    loop.run_until([&] { return std::chrono::steady_clock::now() >= end; });
    CHECK(news.all.empty());
  }
};

/// Listens on argv[1]; at each word it closes the socket or opens it again.
constexpr char kComesAndGoes[] = R"(
import os, socket, sys
words = open(os.environ["hear"])
while True:
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", int(sys.argv[1])))
    server.listen(64)
    with open(os.environ["say"], "w") as say:
        say.write("listening\n")
    words.readline()
    server.close()
    words.readline()
)";

}  // namespace

TEST_CASE("a service that stops listening is unhealthy after three looks, and healthy when it listens again") {
  Fixture fixture;
  const Port port = test::scratch_port();
  test::GuardedService service(test::python(kComesAndGoes, std::to_string(port)));
  CHECK(service.heard() == "listening");
  fixture.liveness.watch(test::probe_target("api", service.guardian().pid, ProbeKind::port, port));
  fixture.wait_for_nothing();
  service.tell("close");
  fixture.wait_for("unhealthy api: nobody listens on port " + std::to_string(port));
  service.tell("open");
  fixture.wait_for("healthy api");
  CHECK(fixture.news.all.size() == 2);
}

TEST_CASE("somebody else on the port does not make a service healthy") {
  Fixture fixture;
  const Port port = test::scratch_port();
  const auto stranger = test::listener_process(port);
  const test::GuardedService service(test::script(test::kWaitForEver));
  fixture.liveness.watch(test::probe_target("api", service.guardian().pid, ProbeKind::port, port));
  fixture.liveness.watch(test::probe_target("external", 0, ProbeKind::port, port));
  fixture.wait_for("unhealthy api: another process listens on port " + std::to_string(port));
  CHECK(fixture.news.all.size() == 1);
}

TEST_CASE("an http liveness probe tells each change once") {
  Fixture fixture;
  const Port port = test::scratch_port();
  const test::GuardedService service(test::python(test::kHttpServer, std::to_string(port)));
  (void)service.folder().write("status", "500");
  auto target = test::probe_target("api", service.guardian().pid, ProbeKind::http, port);
  target.spec.http_path = "/health";
  target.spec.success_threshold = 2;
  fixture.liveness.watch(target);
  fixture.loop.run_until([&] { return fixture.news.all.size() == 1; });
  CHECK(fixture.news.all.back().starts_with("unhealthy api: "));  // it may not have listened at first
  (void)service.folder().write("status", "200");
  fixture.wait_for("healthy api");
  (void)service.folder().write("status", "500");
  fixture.wait_for("unhealthy api: GET /health answered 500");
  fixture.liveness.forget("api");
}

TEST_CASE("an exec liveness probe runs its command again and again, and may be forgotten in the middle") {
  Fixture fixture;
  const test::Subreaper subreaper;
  const test::TemporaryFolder folder;
  const test::GuardedService service(test::script(test::kWaitForEver));
  auto target = test::probe_target("db", service.guardian().pid, ProbeKind::exec);
  target.spec.exec = std::string("db-check");
  target.spec.timeout = milliseconds(5000);
  target.exec = [&]() -> Result<os::SpawnRequest> { return test::guarded_request(fixture.image.get(), "test ! -e down", folder.path()); };
  fixture.liveness.watch(target);
  (void)folder.write("down", "");
  fixture.wait_for("unhealthy db: `db-check` exited with code 1");
  std::filesystem::remove(folder / "down");
  fixture.wait_for("healthy db");
  fixture.liveness.forget("db");
}

TEST_CASE("a watchdog wants to hear something in every period") {
  Fixture fixture;
  auto target = test::probe_target("worker", 1, ProbeKind::notify);
  target.spec.period = milliseconds(50);
  fixture.liveness.watch(target);
  fixture.liveness.alive("worker");
  fixture.wait_for("unhealthy worker: no WATCHDOG=1 for 50ms");
  fixture.liveness.alive("worker");
  CHECK(fixture.news.all.back() == "healthy worker");
  fixture.liveness.alive("nobody");
}

TEST_CASE("a log liveness probe wants a line in every period, and none of earlier times") {
  Fixture fixture;
  const test::TemporaryFolder folder;
  auto target = test::probe_target("worker", 1, ProbeKind::log);
  target.log_file = folder.write("log", "beat\n");
  target.spec.log = "^beat";
  target.spec.failure_threshold = 1;
  fixture.liveness.watch(target);
  fixture.wait_for("unhealthy worker: no line of its log matches /^beat/");
  CHECK(fixture.news.all.size() == 1);
  std::ofstream(target.log_file, std::ios::app) << "beat\n";
  fixture.wait_for("healthy worker");
}

TEST_CASE("what is only time is never asked about") {
  Fixture fixture;
  fixture.liveness.watch(test::probe_target("none", 1, ProbeKind::none, 1));
  fixture.liveness.watch(test::probe_target("delay", 1, ProbeKind::delay, 1));
  fixture.wait_for_nothing();
}

}  // namespace devinit::supervisor
