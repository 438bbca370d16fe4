#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "api/client.hpp"
#include "api/server.hpp"
#include "support/temporary_folder.hpp"

using namespace devinit;
using namespace devinit::api;
using Op = Request::Op;

namespace {

/// How long a test waits for an event that always comes before it is called a failure.
constexpr std::chrono::seconds kNever{30};

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

int listen_at(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = address_of(path);
  REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(fd, 128) == 0);
  return fd;
}

int connect_or_fail(const std::string& path) noexcept {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = address_of(path);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

int connect_to(const std::string& path) {
  const int fd = connect_or_fail(path);
  REQUIRE(fd >= 0);
  return fd;
}

/// What a server answers to these bytes until it closes. Writing stops where the server stops to listen.
std::string exchange(const std::string& path, std::string_view bytes) {
  const int fd = connect_to(path);
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) break;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  std::string answer;
  char buffer[4096];
  for (ssize_t got = 1; got > 0;) {
    got = ::read(fd, buffer, sizeof buffer);
    if (got > 0) answer.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(fd);
  return answer;
}

Request request_of(Op op) {
  Request request;
  request.op = op;
  return request;
}

std::string long_text(std::size_t size) { return std::string(size, 'x'); }

/// Answers by the script of the test, which runs on the loop's thread; tells the test's thread what happened.
class ScriptedHandler final : public Handler {
 public:
  std::function<void(Stream&, const Request&)> script = [](Stream& stream, const Request&) { stream.finish(); };

  void on_request(Stream& stream, const Request& request) override {
    inside_ = true;
    script(stream, request);
    inside_ = false;
  }
  void on_closed(std::uint64_t id) override {
    tell([&] { ++closed_[id]; });
  }
  void on_idle() override {
    tell([&] { ++idle_; });
  }

  void await_closed(std::uint64_t id) {
    await([&] { return closed_[id] > 0; });
  }
  void await_idle(int times) {
    await([&] { return idle_ >= times; });
  }
  [[nodiscard]] bool is_closed(std::uint64_t id) {
    const std::scoped_lock lock(mutex_);
    return closed_[id] > 0;
  }
  [[nodiscard]] bool each_closed_once() {
    const std::scoped_lock lock(mutex_);
    for (const auto& [id, times] : closed_) {
      if (times != 1) return false;
    }
    return !reentered_;
  }

 private:
  template <class Change>
  void tell(Change change) {
    const std::scoped_lock lock(mutex_);
    change();
    reentered_ = reentered_ || inside_;
    changed_.notify_all();
  }
  template <class Condition>
  void await(Condition condition) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, kNever, condition));
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint64_t, int> closed_;
  int idle_ = 0;
  bool inside_ = false;
  bool reentered_ = false;
};

/// A server on a real socket whose loop runs on a thread of its own.
class RunningServer {
 public:
  RunningServer() {
    server_ = std::make_unique<Server>(loop_, handler);
    server_->listen(listen_at(socket_path()));
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~RunningServer() {
    on_loop([this] { server_.reset(); });
    work_.reset();
    thread_.join();
  }

  [[nodiscard]] std::string socket_path() const { return folder.path("s"); }
  [[nodiscard]] Client client() const { return Client(connect_to(socket_path())); }
  [[nodiscard]] Server& server() { return *server_; }

  /// Runs `action` on the loop's thread and waits for it.
  template <class Action>
  void on_loop(Action action) {
    std::promise<void> done;
    boost::asio::post(loop_, [&] {
      action();
      done.set_value();
    });
    done.get_future().wait();
  }
  [[nodiscard]] std::size_t connections() {
    std::size_t count = 0;
    on_loop([&] { count = server_->connections(); });
    return count;
  }

  test::TemporaryFolder folder;
  ScriptedHandler handler;

 private:
  boost::asio::io_context loop_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{loop_.get_executor()};
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

/// Remembers the stream of the request that arrives, for a test that drives it.
struct CapturedStream {
  explicit CapturedStream(RunningServer& running) {
    running.handler.script = [this](Stream& stream, const Request&) {
      stream.send(Accepted{"op"});
      arrived_.set_value(&stream);
    };
  }
  Stream& wait() {
    auto future = arrived_.get_future();
    REQUIRE(future.wait_for(kNever) == std::future_status::ready);
    return *future.get();
  }

 private:
  std::promise<Stream*> arrived_;
};

template <class T>
T expect_event(Client& client) {
  const auto event = client.next();
  REQUIRE(event.has_value());
  REQUIRE(event->has_value());
  REQUIRE(std::holds_alternative<T>(**event));
  return std::get<T>(**event);
}

void expect_end(Client& client) {
  const auto event = client.next();
  REQUIRE(event.has_value());
  CHECK_FALSE(event->has_value());
}

}  // namespace

TEST_CASE("a request arrives whole and its events come back in order") {
  RunningServer running;
  Request seen;
  std::uint64_t id = 0;
  running.handler.script = [&](Stream& stream, const Request& request) {
    seen = request;
    id = stream.id();
    stream.send(Accepted{"op-1"});
    for (int i = 0; i < 1000; ++i) stream.send(Notice{"info", "", std::to_string(i)});
    Done done;
    done.ok = true;
    stream.send(done);
    stream.finish();
  };
  Request request = request_of(Op::start);
  request.targets = {"backend"};
  for (int i = 0; i < 100; ++i) request.environment["VARIABLE_" + std::to_string(i)] = long_text(1000);

  Client client = running.client();
  REQUIRE(client.send(request).has_value());
  CHECK(expect_event<Accepted>(client).operation == "op-1");
  for (int i = 0; i < 1000; ++i) {
    if (expect_event<Notice>(client).text != std::to_string(i)) FAIL("out of order at " << i);
  }
  CHECK(expect_event<Done>(client).ok);
  expect_end(client);
  expect_end(client);
  CHECK(client.buffered());

  running.handler.await_idle(1);
  CHECK(running.handler.is_closed(id));
  CHECK(running.handler.each_closed_once());
  CHECK(running.connections() == 0);
  CHECK(seen.environment == request.environment);
  CHECK(seen.targets == request.targets);
}

TEST_CASE("a status request is answered by the status document") {
  RunningServer running;
  running.handler.script = [](Stream& stream, const Request&) {
    Done done;
    done.project.project = "shop";
    done.project.root = "/srv/shop";
    stream.send(done);
    stream.finish();
  };
  Client client = running.client();
  REQUIRE(client.send(request_of(Op::status)).has_value());
  CHECK(expect_event<Done>(client).project.project == "shop");
  expect_end(client);

  const std::string raw = exchange(running.socket_path(), "GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(raw.find("Content-Type: application/json\r\n") != std::string::npos);
  CHECK(raw.find(R"({"project":"shop","root":"/srv/shop")") != std::string::npos);
}

TEST_CASE("events can be sent long after the request, and reach a client that polls") {
  RunningServer running;
  CapturedStream captured(running);
  Client client = running.client();
  REQUIRE(client.send(request_of(Op::up)).has_value());
  Stream& stream = captured.wait();
  const std::uint64_t id = stream.id();
  CHECK(expect_event<Accepted>(client).operation == "op");
  CHECK_FALSE(client.buffered());
  CHECK(client.fd() >= 0);
  running.on_loop([&] {
    stream.send(Notice{"info", "", "first"});
    stream.send(Notice{"info", "", "second"});
  });
  CHECK(expect_event<Notice>(client).text == "first");
  CHECK(client.buffered());  // both left in one write
  CHECK(expect_event<Notice>(client).text == "second");
  running.on_loop([&] {
    stream.finish();
    stream.finish();
    stream.send(Notice{"info", "", "too late"});
  });
  expect_end(client);
  running.handler.await_closed(id);
  CHECK(running.handler.each_closed_once());
}

TEST_CASE("a client that vanishes in the middle of a stream is noticed at once") {
  RunningServer running;
  CapturedStream captured(running);
  std::uint64_t id = 0;
  Stream* stream = nullptr;
  {
    Client client = running.client();
    REQUIRE(client.send(request_of(Op::up)).has_value());
    stream = &captured.wait();
    id = stream->id();
    CHECK(expect_event<Accepted>(client).operation == "op");
  }
  running.handler.await_closed(id);
  CHECK(running.connections() == 0);
  CHECK(running.handler.each_closed_once());
}

TEST_CASE("a client that never reads is dropped, one that reads gets everything") {
  RunningServer running;
  CapturedStream captured(running);
  Client client = running.client();
  REQUIRE(client.send(request_of(Op::up)).has_value());
  Stream& stream = captured.wait();
  const std::uint64_t id = stream.id();
  const bool reads = GENERATE(false, true);
  if (reads) CHECK(expect_event<Accepted>(client).operation == "op");

  const Notice big{"info", "", long_text(100'000)};
  bool closed = false;
  for (int i = 0; i < 200 && !closed; ++i) {
    running.on_loop([&] {
      if (!running.handler.is_closed(id)) stream.send(big);
    });
    closed = running.handler.is_closed(id);
    if (reads) CHECK(expect_event<Notice>(client).text == big.text);
  }
  CHECK(closed != reads);
}

TEST_CASE("an answer longer than the queue reaches a client that reads") {
  RunningServer running;
  running.handler.script = [](Stream& stream, const Request&) {
    Done done;
    done.failures = {{"backend", "exited", std::vector<std::string>(60, long_text(50'000))}};
    stream.send(done);
    stream.finish();
  };
  Client client = running.client();
  REQUIRE(client.send(request_of(Op::stop)).has_value());
  CHECK(expect_event<Done>(client).failures.at(0).log_tail.size() == 60);
  expect_end(client);
}

TEST_CASE("a stream that overflows inside on_request closes after it, once") {
  RunningServer running;
  std::uint64_t id = 0;
  running.handler.script = [&](Stream& stream, const Request&) {
    id = stream.id();
    for (int i = 0; i < 100; ++i) stream.send(Notice{"info", "", long_text(100'000)});
    stream.finish();
  };
  Client client = running.client();
  const auto sent = client.send(request_of(Op::stop));
  REQUIRE_FALSE(sent.has_value());
  CHECK(sent.error().code == Errc::io);
  running.handler.await_idle(1);
  CHECK(running.handler.is_closed(id));
  CHECK(running.handler.each_closed_once());
}

TEST_CASE("what is not a good request is refused with a reason and reaches no handler") {
  RunningServer running;
  bool called = false;
  running.handler.script = [&](Stream& stream, const Request&) {
    called = true;
    stream.finish();
  };
  const auto post = [](const std::string& path, const std::string& body) {
    return "POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  };
  const std::vector<std::pair<std::string, std::string>> cases{
      {"nonsense\r\n\r\n", "400"},
      {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + "\r\n\r\n", "400"},
      {"GET /v1/status HTTP/1.0\r\n\r\n", "505"},
      {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "404"},
      {"GET /v1/status/ HTTP/1.1\r\nHost: x\r\n\r\n", "404"},
      {"GET /v1/..%2fstatus HTTP/1.1\r\nHost: x\r\n\r\n", "404"},
      {"GET /v1/status?x HTTP/1.1\r\nHost: x\r\n\r\n", "404"},
      {"GET /v2/status HTTP/1.1\r\nHost: x\r\n\r\n", "404"},
      {"GET /v1/stop HTTP/1.1\r\nHost: x\r\n\r\n", "405"},
      {post("/v1/status", "{}"), "405"},
      {post("/v1/destroy", "{}"), "404"},
      {post("/v1/stop", ""), "400"},
      {post("/v1/stop", "{}"), "400"},
      {post("/v1/stop", "{\"version\":true}"), "400"},
      {post("/v1/stop", std::string(100'000, '[')), "400"},
      {post("/v1/start", "{\"version\":3}"), "426"},
      {post("/v1/up", "{\"version\":0}"), "426"},
      {post("/v1/stop", "{\"version\":2}") + "GET /v1/status HTTP/1.1\r\n\r\n", "400"},
      {"GET /v1/status HTTP/1.1\r\nX: " + long_text(9000) + "\r\n\r\n", "413"},
      {"GET /v1/" + long_text(20'000), "413"},
      {"POST /v1/stop HTTP/1.1\r\nContent-Length: 8388609\r\n\r\n", "413"},
      {"POST /v1/stop HTTP/1.1\r\nContent-Length: 8388609\r\n\r\n" + long_text(8'388'609), "413"},
      {"POST /v1/stop HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "400"},
      {"POST /v1/stop HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "400"},
  };
  for (const auto& [bytes, status] : cases) {
    CAPTURE(bytes.substr(0, 80));
    const std::string answer = exchange(running.socket_path(), bytes);
    CHECK(answer.substr(0, 13) == "HTTP/1.1 " + status + " ");
    CHECK(answer.find("{\"error\":\"") != std::string::npos);
  }
  CHECK_FALSE(called);
}

TEST_CASE("a client that leaves before its request is complete costs nothing") {
  RunningServer running;
  bool called = false;
  running.handler.script = [&](Stream&, const Request&) { called = true; };
  const int fd = connect_to(running.socket_path());
  REQUIRE(::send(fd, "POST /v1/stop HTTP/1.1\r\nContent-Le", 33, MSG_NOSIGNAL) == 33);
  ::close(fd);
  running.handler.await_idle(1);
  CHECK_FALSE(called);
  CHECK(running.connections() == 0);
}

TEST_CASE("a client of another version gets a hint, but can stop") {
  RunningServer running;
  Request request = request_of(Op::start);
  request.version = kProtocolVersion + 1;
  Client starting = running.client();
  const auto refused = starting.send(request);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Errc::protocol);
  CHECK(refused.error().hint.find("devinit stop") != std::string::npos);

  request.op = Op::stop;
  Client stopping = running.client();
  REQUIRE(stopping.send(request).has_value());
  expect_end(stopping);
}

TEST_CASE("the 65th connection is turned away and the place of one that ended is free again") {
  RunningServer running;
  std::vector<int> silent;
  for (int i = 0; i < 64; ++i) silent.push_back(connect_to(running.socket_path()));
  Client one_too_many = running.client();
  const auto refused = one_too_many.send(request_of(Op::stop));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Errc::protocol);
  CHECK(refused.error().message.find("64 connections") != std::string::npos);
  CHECK(running.connections() == 64);
  for (const int fd : silent) ::close(fd);
  running.handler.await_idle(1);
  Client client = running.client();
  REQUIRE(client.send(request_of(Op::stop)).has_value());
  expect_end(client);
}

TEST_CASE("a second listening socket replaces the first and open streams stay") {
  RunningServer running;
  CapturedStream captured(running);
  Client old_client = running.client();
  REQUIRE(old_client.send(request_of(Op::up)).has_value());
  Stream& stream = captured.wait();
  CHECK(expect_event<Accepted>(old_client).operation == "op");

  const std::string second = running.folder.path("t");
  const int fd = listen_at(second);
  running.on_loop([&] {
    running.handler.script = [](Stream& next, const Request&) { next.finish(); };
    running.server().listen(fd);
  });
  CHECK(connect_or_fail(running.socket_path()) == -1);
  Client new_client(connect_to(second));
  REQUIRE(new_client.send(request_of(Op::stop)).has_value());
  expect_end(new_client);

  running.on_loop([&] { running.server().stop_listening(); });
  CHECK(connect_or_fail(second) == -1);
  running.on_loop([&] { stream.finish(); });
  expect_end(old_client);
}

TEST_CASE("a server that ends breaks its streams and calls nobody any more") {
  auto running = std::make_unique<RunningServer>();
  CapturedStream captured(*running);
  Client client = running->client();
  REQUIRE(client.send(request_of(Op::up)).has_value());
  const std::uint64_t id = captured.wait().id();
  CHECK(expect_event<Accepted>(client).operation == "op");
  running->on_loop([&] { running->server().stop_listening(); });
  CHECK_FALSE(running->handler.is_closed(id));
  running.reset();
  const auto event = client.next();
  REQUIRE_FALSE(event.has_value());
  CHECK(event.error().code == Errc::io);
}

TEST_CASE("another user is not served") {
  if (::geteuid() != 0) return;  // only root can become somebody else
  RunningServer running;
  REQUIRE(::chmod(running.folder.path().c_str(), 0755) == 0);
  REQUIRE(::chmod(running.socket_path().c_str(), 0666) == 0);
  const std::string path = running.socket_path();
  const pid_t stranger = ::fork();
  if (stranger == 0) {
    if (::setresuid(65534, 65534, 65534) != 0) ::_exit(2);
    const int fd = connect_or_fail(path);
    if (fd < 0) ::_exit(3);
    constexpr std::string_view kRequest = "GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n";
    static_cast<void>(::send(fd, kRequest.data(), kRequest.size(), MSG_NOSIGNAL));
    char byte = 0;
    ::_exit(::read(fd, &byte, 1) > 0 ? 1 : 0);
  }
  int status = -1;
  REQUIRE(::waitpid(stranger, &status, 0) == stranger);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
