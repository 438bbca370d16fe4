#pragma once

#include <stdlib.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "support/guarded_service.hpp"
#include "supervisor/liveness.hpp"
#include "supervisor/readiness.hpp"

namespace devinit::test {

/// A supervisor's loop, without the supervisor.
class Loop {
 public:
  boost::asio::io_context io{1};

  /// Lets it run until what is waited for has happened.
  template <class Condition>
  void run_until(Condition condition) {
    const auto give_up_at = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
    while (!condition()) {
      REQUIRE(std::chrono::steady_clock::now() < give_up_at);
      io.run_one_for(std::chrono::milliseconds(5));
    }
  }

 private:
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io.get_executor()};
};

/// What probes have told, in order: "ready NAME", "not ready NAME: WHY", "unhealthy NAME: WHY" …
struct News : supervisor::Readiness::Observer, supervisor::Liveness::Observer {
  std::vector<std::string> all;

  void on_ready(const std::string& service, const std::string& detail) override {
    all.push_back("ready " + service + (detail.empty() ? "" : ": " + detail));
  }
  void on_not_ready(const std::string& service, const std::string& why) override { all.push_back("not ready " + service + ": " + why); }
  void on_listens_elsewhere(const std::string& service, Port port) override {
    all.push_back("elsewhere " + service + ": " + std::to_string(port));
  }
  void on_foreign_listener(const std::string& service, Port port) override {
    all.push_back("foreign " + service + ": " + std::to_string(port));
  }
  void on_unhealthy(const std::string& service, const std::string& why) override { all.push_back("unhealthy " + service + ": " + why); }
  void on_healthy(const std::string& service) override { all.push_back("healthy " + service); }

  [[nodiscard]] bool has(const std::string& item) const { return std::find(all.begin(), all.end(), item) != all.end(); }
};

/// The guardian of a short command, as the supervisor starts one; its output goes to `log`, or nowhere when that is empty.
inline os::SpawnRequest guarded_request(int image, const std::string& script, const std::string& folder, const std::string& log = {}) {
  os::SpawnRequest request;
  request.executable = image;
  request.new_session = true;
  request.cwd = folder;
  request.environment = os::current_environment();
  request.argv = {"svguard", log, "1000000", "1", "9", "2", "0", "no-such-daemon", "", "/bin/sh", "/bin/sh", "-c", script};
  return request;
}

/// The guardian program, open.
inline os::UniqueFd guardian_image() {
  const char* program = ::getenv("DEVINIT_GUARDIAN");
  INFO("DEVINIT_GUARDIAN has to name the guardian program: run the tests with ctest");
  REQUIRE(program != nullptr);
  os::UniqueFd image(::open(program, O_RDONLY | O_CLOEXEC));
  REQUIRE(image.valid());
  return image;
}

inline std::vector<std::string> python(const std::string& text, const std::string& argument = {}) {
  return {"/usr/bin/env", "python3", "-c", text, argument};
}

/// A server on 127.0.0.1:argv[1]. It answers with the status that stands in the file `status`, and keeps the heads of the requests in `heads`.
inline constexpr char kHttpServer[] = R"(
import os, socket, sys
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen(64)
while True:
    client, _ = server.accept()
    with client:
        head = client.recv(4096)
        with open("heads", "ab") as heads:
            heads.write(head)
        try:
            status = open("status").read().strip()
        except FileNotFoundError:
            status = "200"
        client.sendall(f"HTTP/1.1 {status} .\r\nContent-Length: 2\r\nConnection: close\r\n\r\n".encode())
        client.sendall(b"ok")
)";

inline supervisor::ProbeTarget probe_target(const std::string& name, pid_t guardian, config::ProbeKind kind, Port port = 0) {
  supervisor::ProbeTarget target;
  target.service = name;
  target.guardian = guardian;
  target.port = port;
  target.spec.kind = kind;
  target.spec.period = std::chrono::milliseconds(10);
  return target;
}

}  // namespace devinit::test
