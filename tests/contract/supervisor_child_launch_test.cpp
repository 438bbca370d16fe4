#include <fcntl.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>

#include "os/exit_status.hpp"
#include "supervisor/child_launch.hpp"
#include "supervisor/service_process.hpp"
#include "support/child_process.hpp"
#include "support/temporary_folder.hpp"

using namespace devinit;
using namespace devinit::supervisor;
using namespace devinit::test;
using guardian::ReportKind;
using guardian::SetupStep;

namespace {

/// A project with one service, `web` on port 8123, and everything that a launch refers to.
struct Fixture {
  TemporaryFolder folder;
  StartContext context;
  config::ServiceConfig service;
  config::PortLookup lookup = [](const std::string& name, const std::string& port) -> std::optional<Port> {
    if (name != "web") return std::nullopt;
    return port.empty() ? 8123 : 9123;
  };
  RuntimeVariables variables{{"WEB_PORT", "8123"}};
  os::UniqueFd image;
  GuardianSetup setup;

  Fixture() {
    context.project.paths.root = folder.path();
    context.project.paths.logs = folder.path();
    context.project.environment = os::current_environment();
    context.config.name = "shop";
    service.name = "web";
    service.port = config::PortSpec{};
    const char* program = ::getenv("DEVINIT_GUARDIAN");
    REQUIRE(program != nullptr);
    image.reset(::open(program, O_RDONLY | O_CLOEXEC));
    setup = {image.get(), "cookie"};
  }
  [[nodiscard]] LaunchContext launch() const { return {context, service, lookup, variables, setup}; }
  [[nodiscard]] os::Environment environment() const {
    const auto request = service_request(launch());
    REQUIRE(request.has_value());
    return request->environment;
  }
};

/// The LIMITS of a guardian's command line.
const std::string& limits_in(const os::SpawnRequest& request) { return request.argv.at(8); }

/// Runs a request under its guardian to the last report, which it returns.
guardian::Report last_report(os::SpawnRequest request) {
  boost::asio::io_context loop;
  std::optional<guardian::Report> last;
  bool ended = false;
  auto process = ServiceProcess::launch(loop, std::move(request), [&](const std::optional<guardian::Report>& report) {
    if (report) last = report;
    ended = !report || report->kind == ReportKind::empty || report->kind == ReportKind::exec_failed;
  });
  REQUIRE(process.has_value());
  while (!ended) REQUIRE(loop.run_one_for(std::chrono::milliseconds(kPatienceMs)) == 1);
  const auto guardian = (*process)->guardian();
  process->reset();
  ::waitpid(guardian.pid, nullptr, 0);
  return *last;
}

}  // namespace

TEST_CASE("A service runs with its own command, folder, environment, limits and log") {
  Fixture fixture;
  std::filesystem::create_directory(fixture.folder / "app");
  fixture.service.cwd = "app";
  fixture.service.command = "pwd; echo $PORT $WEB_PORT $DEVINIT_SERVICE; ulimit -n; umask";
  fixture.service.limits.nofile = 321;
  fixture.service.limits.umask = 077;
  const auto request = service_request(fixture.launch());
  REQUIRE(request.has_value());
  const auto report = last_report(*request);
  CHECK(os::ExitStatus::from_wait_status(report.value).success());
  CHECK(content_of(fixture.folder / "web.log") == fixture.folder / "app\n8123 8123 web\n321\n0077\n");
}

TEST_CASE("Every limit reaches the guardian in its words") {
  Fixture fixture;
  fixture.service.command = "true";
  auto& limits = fixture.service.limits;
  limits.nofile = 1;
  limits.nproc = 2;
  limits.core = 0;
  limits.fsize = 4;
  limits.stack = 5;
  limits.as = 6;
  limits.nice = -7;
  limits.umask = 022;
  limits.memory = 1000000;
  CHECK(limits_in(*service_request(fixture.launch())) == "umask=18,nice=-7,nofile=1,nproc=2,core=0,fsize=4,stack=5,as=6");
  CHECK(limits_in(*command_request(fixture.launch(), "true", CommandOutput::log)) == "umask=18,nice=-7");
}

TEST_CASE("A refused limit is named with its value, a failed exec as ever") {
  Fixture fixture;
  fixture.service.command = "true";
  fixture.service.limits.nofile = 1099511627776;
  const auto report = last_report(*service_request(fixture.launch()));
  CHECK(static_cast<int>(report.kind) == static_cast<int>(ReportKind::exec_failed));
  CHECK(start_failure(fixture.service.command, report) == "cannot set nofile to 1099511627776: Operation not permitted");
  CHECK(start_failure("x", {ReportKind::exec_failed, EACCES, static_cast<std::uint64_t>(SetupStep::nice), -5}) ==
        "cannot set nice to -5: Permission denied");
  CHECK(start_failure(std::vector<std::string>{"gunicorn"}, {ReportKind::exec_failed, EACCES, 0}) == "cannot run `gunicorn`: it is not executable");
  CHECK(start_failure("x", {ReportKind::exec_failed, EAGAIN, static_cast<std::uint64_t>(SetupStep::process)}) ==
        "cannot start a process: Resource temporarily unavailable");
}

TEST_CASE("The environment says who wins: devinit, the service, the caller, env files") {
  Fixture fixture;
  fixture.service.command = "true";
  fixture.folder.write("a.env", "A=file\nB=file\nC=file\nWEB_PORT=file\n");
  fixture.service.env_files = {"a.env"};
  fixture.context.project.environment["B"] = "caller";
  fixture.context.project.environment["C"] = "caller";
  fixture.service.env = {{"C", "{port}"}, {"WEB_PORT", "service"}};
  const auto environment = fixture.environment();
  CHECK(environment.at("A") == "file");
  CHECK(environment.at("B") == "caller");
  CHECK(environment.at("C") == "8123");
  CHECK(environment.at("WEB_PORT") == "8123");
  CHECK(environment.at("PORT") == "8123");
  CHECK(environment.at("DEVINIT_COOKIE") == "cookie");
  CHECK(environment.at("DEVINIT_PROJECT") == "shop");
}

TEST_CASE("What a service manager told the caller is not for the service, unless its own environment says so") {
  Fixture fixture;
  fixture.service.command = "true";
  for (const char* name : {"NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "WATCHDOG_USEC", "WATCHDOG_PID"}) {
    fixture.context.project.environment[name] = "caller";
  }
  fixture.service.env = {{"WATCHDOG_USEC", "1"}};
  auto launch = fixture.launch();
  launch.extra = {{"NOTIFY_SOCKET", "@ours"}};
  const auto environment = service_request(launch)->environment;
  CHECK(environment.at("NOTIFY_SOCKET") == "@ours");
  CHECK(environment.at("WATCHDOG_USEC") == "1");
  for (const char* name : {"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "WATCHDOG_PID"}) CHECK_FALSE(environment.contains(name));
}

TEST_CASE("Python does not keep what it says, unless somebody wants it to") {
  Fixture fixture;
  fixture.service.command = "true";
  fixture.context.project.environment.erase("PYTHONUNBUFFERED");
  CHECK(fixture.environment().at("PYTHONUNBUFFERED") == "1");
  fixture.context.project.environment["PYTHONUNBUFFERED"] = "";
  CHECK(fixture.environment().at("PYTHONUNBUFFERED").empty());
}

TEST_CASE("A replica knows its number") {
  Fixture fixture;
  fixture.service.command = "true";
  CHECK_FALSE(fixture.environment().contains("DEVINIT_INDEX"));
  fixture.service.replica_of = "worker";
  fixture.service.index = 2;
  CHECK(fixture.environment().at("DEVINIT_INDEX") == "2");
}

TEST_CASE("A service that inherits its socket is told, its hooks and probes are not") {
  Fixture fixture;
  fixture.service.command = "true";
  fixture.service.socket = config::SocketPassing::inherit;
  const auto environment = fixture.environment();
  CHECK(environment.at("LISTEN_FDS") == "1");
  CHECK(environment.at("LISTEN_FDNAMES") == "web");
  CHECK(environment.contains("LISTEN_PID"));
  CHECK_FALSE(command_request(fixture.launch(), "true", CommandOutput::log)->environment.contains("LISTEN_FDS"));
}

TEST_CASE("A command of a service runs in its folder and environment, with templates filled, and is ended at once") {
  Fixture fixture;
  const auto request = command_request(fixture.launch(), "echo hook on {port} for $DEVINIT_SERVICE", CommandOutput::log);
  REQUIRE(request.has_value());
  CHECK(request->argv.at(4) == std::to_string(SIGKILL));
  CHECK(request->argv.at(6) == "0");
  const auto report = last_report(*request);
  CHECK(os::ExitStatus::from_wait_status(report.value).success());
  CHECK(content_of(fixture.folder / "web.log") == "hook on 8123 for web\n");
}

TEST_CASE("Output of a command that nobody reads is not written") {
  Fixture fixture;
  const std::vector<std::string> command{"sh", "-c", "echo $0; exit 9", "{ports.metrics}"};
  const auto request = command_request(fixture.launch(), command, CommandOutput::discard);
  REQUIRE(request.has_value());
  CHECK(request->argv.back() == "9123");
  CHECK(os::ExitStatus::from_wait_status(last_report(*request).value).code() == 9);
  CHECK_FALSE(std::filesystem::exists(fixture.folder / "web.log"));
}

TEST_CASE("A command that does not exist, a folder that is none and a template without a value are errors") {
  Fixture fixture;
  const std::vector<std::string> missing{"no-such-command-anywhere"};
  CHECK(command_request(fixture.launch(), missing, CommandOutput::log).error().code == Errc::not_found);
  CHECK(command_request(fixture.launch(), "echo {nobody.port}", CommandOutput::log).error().code == Errc::config);
  fixture.service.cwd = "missing";
  CHECK(command_request(fixture.launch(), "true", CommandOutput::log).error().code == Errc::not_found);
}

TEST_CASE("A probe has its templates filled and its file made absolute") {
  Fixture fixture;
  fixture.service.cwd = "app";
  config::ProbeSpec spec;
  spec.http_path = "/health?port={port}";
  spec.http_headers = {{"Host", "localhost:{port}"}};
  spec.log = "listening on \\d{1,3}\\..*:{port}";
  spec.file = "run/{port}.pid";
  spec.exec = "check {port}";
  const auto probe = filled_probe(fixture.launch(), spec);
  REQUIRE(probe.has_value());
  CHECK(probe->http_path == "/health?port=8123");
  CHECK(probe->http_headers.front().second == "localhost:8123");
  CHECK(probe->log == "listening on \\d{1,3}\\..*:8123");
  CHECK(probe->file == fixture.folder / "app/run/8123.pid");
  CHECK(probe->exec == spec.exec);  // filled with its request
  spec.file = "/run/there";
  CHECK(filled_probe(fixture.launch(), spec)->file == "/run/there");
  CHECK(filled_probe(fixture.launch(), {})->file.empty());
  spec.http_path = "{nobody.port}";
  CHECK(filled_probe(fixture.launch(), spec).error().code == Errc::config);
}
