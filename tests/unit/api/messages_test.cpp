#include "api/messages.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace devinit;
using namespace devinit::api;
using Op = Request::Op;

namespace {

engine::ServiceSnapshot backend() {
  engine::ServiceSnapshot service;
  service.name = "backend";
  service.state = engine::State::ready;
  service.ready = true;
  service.wanted = true;
  service.pid = 4242;
  service.port = 8001;
  service.ports = {{"admin", 9000}, {"metrics", 65535}};
  service.port_source = "fallback";
  service.url = "http://localhost:8001";
  service.restarts = 3;
  service.since = 1'700'000'000;
  service.detail = "says \"hi\"\n\tüñí";
  service.stale = true;
  service.exit_code = 0;
  service.kind = config::ServiceKind::task;
  service.healthy = false;
  service.flaps = 2;
  service.changed = true;
  service.status = "busy";
  service.next_run = 1'700'000'900;
  service.fingerprint = "0123456789abcdef";
  service.timeline = {1, 2, 3, 4};
  return service;
}

engine::ProjectSnapshot shop() {
  engine::ProjectSnapshot project;
  project.project = "shop";
  project.root = "/srv/shop with spaces";
  project.supervisor_running = true;
  project.supervisor_pid = 77;
  engine::ServiceSnapshot postgres;
  postgres.name = "postgres";
  postgres.external = true;
  project.services = {backend(), postgres};
  return project;
}

// The encoded text tells two values apart, so comparing it spares the product types an operator== of their own.
template <class T>
T round_trip(const T& event) {
  const std::string text = encode(Event(event));
  const auto decoded = decode_event(text);
  REQUIRE(decoded.has_value());
  REQUIRE(std::holds_alternative<T>(*decoded));
  CHECK(encode(*decoded) == text);
  return std::get<T>(*decoded);
}

Request round_trip_request(const Request& request) {
  const std::string text = encode(request);
  auto decoded = decode_request(to_string(request.op), text);
  REQUIRE(decoded.has_value());
  CHECK(encode(*decoded) == text);
  return std::move(*decoded);
}

std::string nested(std::size_t depth, const std::string& open, const std::string& close) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) text += open;
  text += "0";
  for (std::size_t i = 0; i < depth; ++i) text += close;
  return text;
}

bool is_protocol_error(const Result<Event>& result) { return !result && result.error().code == Errc::protocol; }
bool is_protocol_error(const Result<Request>& result) { return !result && result.error().code == Errc::protocol; }

}  // namespace

TEST_CASE("every operation has a name that leads back to it") {
  for (const Op op : {Op::start, Op::restart, Op::up, Op::stop, Op::answer, Op::cancel, Op::status}) {
    CHECK(op_from_string(to_string(op)) == op);
  }
  CHECK_FALSE(op_from_string("Start"));
  CHECK_FALSE(op_from_string(""));
}

TEST_CASE("a start request survives the wire") {
  for (const Op op : {Op::start, Op::restart, Op::up}) {
    Request request;
    request.op = op;
    request.targets = {"backend", "front end"};
    request.environment = {{"PATH", "/bin:/usr/bin"}, {"PS1", "\x1b[0m$ "}, {"EMPTY", ""}, {"ÜMLAUT", "ß"}};
    request.fingerprints = {{"migrate", "0123456789abcdef"}};
    const Request copy = round_trip_request(request);
    CHECK(copy.op == op);
    CHECK(copy.version == kProtocolVersion);
    CHECK(copy.targets == request.targets);
    CHECK(copy.environment == request.environment);
    CHECK(copy.fingerprints == request.fingerprints);
  }
}

TEST_CASE("an answer, a cancel and a stop survive the wire") {
  Request answer;
  answer.op = Op::answer;
  answer.operation = "7f";
  answer.question = 18'446'744'073'709'551'615u;
  answer.choice = Request::Choice::retry;
  answer.reason = "killed python3";
  const Request copy = round_trip_request(answer);
  CHECK(copy.operation == "7f");
  CHECK(copy.question == answer.question);
  CHECK(copy.choice == Request::Choice::retry);
  CHECK(copy.reason == "killed python3");

  Request cancel;
  cancel.op = Op::cancel;
  cancel.operation = "7f";
  CHECK(round_trip_request(cancel).operation == "7f");

  Request stop;
  stop.op = Op::stop;
  stop.targets = {"backend"};
  stop.timeout = Millis(1500);
  CHECK(round_trip_request(stop).targets == stop.targets);
  CHECK(round_trip_request(stop).timeout == Millis(1500));
}

TEST_CASE("a status request needs no body") {
  const auto request = decode_request("status", "");
  REQUIRE(request.has_value());
  CHECK(request->op == Op::status);
  CHECK(request->version == kProtocolVersion);
}

TEST_CASE("a request of another version is read as far as its version and targets") {
  const auto request = decode_request("start", R"({"version":99,"targets":["a"],"environment":17})");
  REQUIRE(request.has_value());
  CHECK(request->version == 99);
  CHECK(request->targets == std::vector<std::string>{"a"});
  CHECK(is_protocol_error(decode_request("stop", R"({"version":99,"targets":"a"})")));
}

TEST_CASE("every event survives the wire") {
  CHECK(round_trip(Accepted{"op-1"}).operation == "op-1");

  const auto service = round_trip(ServiceChanged{backend()}).service;
  CHECK(service.state == engine::State::ready);
  CHECK(service.pid == 4242);
  CHECK(service.port == 8001);
  CHECK(service.ports == backend().ports);
  CHECK(service.detail == backend().detail);
  CHECK(service.stale);
  CHECK(service.exit_code == 0);
  CHECK(service.kind == config::ServiceKind::task);
  CHECK_FALSE(service.healthy);
  CHECK(service.flaps == 2);
  CHECK(service.changed);
  CHECK(service.status == "busy");
  CHECK(service.next_run == 1'700'000'900);
  CHECK(service.fingerprint == backend().fingerprint);
  CHECK(service.timeline == backend().timeline);

  const auto notice = round_trip(Notice{"warning", "backend", "two\nlines"});
  CHECK(notice.level == "warning");
  CHECK(notice.text == "two\nlines");

  const auto busy = round_trip(Busy{3, "backend", "admin", 8000, true, true});
  CHECK(busy.question == 3);
  CHECK(busy.port == 8000);
  CHECK(busy.strict);
  CHECK(busy.by_devinit);

  const auto moved = round_trip(PortMoved{"backend", "", 8000, 8001, "8000 is held by pid 12"});
  CHECK(moved.wanted == 8000);
  CHECK(moved.port == 8001);

  Done done;
  done.ok = true;
  done.interrupted = true;
  done.error = "it broke";
  done.hint = "mend it";
  done.config_error = true;
  done.code = Errc::busy;
  done.failures = {{"frontend", "exited with code 1", {"line 1", "line 2"}, engine::FailureCode::wrong_port}, {"db", "", {}}};
  done.project = shop();
  const auto copy = round_trip(done);
  CHECK(copy.ok);
  CHECK(copy.interrupted);
  CHECK(copy.config_error);
  CHECK(copy.code == Errc::busy);
  REQUIRE(copy.failures.size() == 2);
  CHECK(copy.failures[0].log_tail == done.failures[0].log_tail);
  CHECK(copy.failures[0].code == engine::FailureCode::wrong_port);
  CHECK(copy.failures[1].code == engine::FailureCode::other);
  CHECK(copy.project.services.size() == 2);
}

TEST_CASE("a failure without a code, or with one of a newer peer, is one like any other") {
  for (const char* code : {"", R"(,"code":"eaten_by_a_dog")"}) {
    const auto event = decode_event(R"({"event":"done","ok":false,"failures":[{"service":"a","reason":"b")" + std::string(code) + "}]}");
    INFO(code);
    REQUIRE(event.has_value());
    CHECK(std::get<Done>(*event).failures.at(0).code == engine::FailureCode::other);
  }
}

TEST_CASE("an event is one line whatever its texts hold") {
  const std::string text = encode(Event(Notice{"info", "a\r\nb", std::string("\n\0\x7f\x1b", 4)}));
  CHECK(text.find('\n') == std::string::npos);
  CHECK(text.find('\r') == std::string::npos);
  CHECK(std::get<Notice>(*decode_event(text)).text == std::string("\n\0\x7f\x1b", 4));
}

TEST_CASE("bytes that are not UTF-8 arrive as U+FFFD, in values and in keys") {
  Request request;
  request.op = Op::start;
  request.environment = {{"GOOD", "caf\xc3\xa9"}, {"LATIN", "caf\xe9"}, {"K\xff", "v"}};
  const auto copy = decode_request("start", encode(request));
  REQUIRE(copy.has_value());
  CHECK(copy->environment.at("GOOD") == "caf\xc3\xa9");
  CHECK(copy->environment.at("LATIN") == "caf\xef\xbf\xbd");
  CHECK(copy->environment.at("K\xef\xbf\xbd") == "v");
  CHECK(is_protocol_error(decode_request("start", "{\"version\":2,\"reason\":\"\xff\"}")));
}

TEST_CASE("unknown members are ignored and unknown events can be skipped") {
  const auto event = decode_event(R"({"event":"accepted","operation":"x","later":{"a":[1,2.5,null]}})");
  REQUIRE(event.has_value());
  CHECK(std::get<Accepted>(*event).operation == "x");
  const auto unknown = decode_event(R"({"event":"fireworks","operation":"x"})");
  REQUIRE_FALSE(unknown.has_value());
  CHECK(unknown.error().code == Errc::not_found);
}

TEST_CASE("hostile requests are protocol errors") {
  const auto [op, body] = GENERATE(table<const char*, const char*>({
      {"start", ""},
      {"start", "nonsense"},
      {"start", "[]"},
      {"start", "null"},
      {"start", "{}"},
      {"start", "{\"version\":1"},
      {"start", "{\"version\":2}}"},
      {"start", "{\"version\":2,}"},
      {"start", "{'version':1}"},
      {"start", "{\"version\":\"1\"}"},
      {"start", "{\"version\":true}"},
      {"start", "{\"version\":1.0}"},
      {"start", "{\"version\":null}"},
      {"start", "{\"version\":99999999999}"},
      {"start", "{\"version\":1e400}"},
      {"start", "{\"version\":2,\"targets\":\"all\"}"},
      {"start", "{\"version\":2,\"targets\":{\"a\":\"b\"}}"},
      {"start", "{\"version\":2,\"targets\":[1]}"},
      {"start", "{\"version\":2,\"targets\":[null]}"},
      {"start", "{\"version\":2,\"environment\":[\"A=b\"]}"},
      {"start", "{\"version\":2,\"environment\":{\"A\":1}}"},
      {"start", "{\"version\":2,\"environment\":{\"A\":\"x\\u0000y\"}}"},
      {"start", "{\"version\":2,\"environment\":{\"A\\u0000\":\"x\"}}"},
      {"start", "{\"version\":2,\"targets\":[\"\\ud800\"]}"},
      {"answer", "{\"version\":2}"},
      {"answer", "{\"version\":2,\"operation\":\"a\",\"question\":-1,\"choice\":\"next\"}"},
      {"answer", "{\"version\":2,\"operation\":\"a\",\"question\":1.5,\"choice\":\"next\"}"},
      {"answer", "{\"version\":2,\"operation\":\"a\",\"question\":18446744073709551616,\"choice\":\"next\"}"},
      {"answer", "{\"version\":2,\"operation\":\"a\",\"question\":1,\"choice\":\"kill\"}"},
      {"answer", "{\"version\":2,\"operation\":\"a\",\"question\":1,\"choice\":0}"},
      {"cancel", "{\"version\":2}"},
      {"cancel", "{\"version\":2,\"operation\":7}"},
      {"destroy", "{\"version\":2}"},
      {"", "{\"version\":2}"},
  }));
  CAPTURE(op, body);
  CHECK(is_protocol_error(decode_request(op, body)));
}

TEST_CASE("hostile events are protocol errors") {
  const auto* line = GENERATE(values<const char*>({
      "",
      "{}",
      "{\"event\":1}",
      "{\"event\":\"accepted\"}",
      "{\"event\":\"accepted\",\"operation\":null}",
      "{\"event\":\"service\"}",
      "{\"event\":\"service\",\"service\":[]}",
      "{\"event\":\"service\",\"service\":{\"name\":\"a\"}}",
      "{\"event\":\"service\",\"service\":{\"name\":\"a\",\"state\":\"READY\"}}",
      "{\"event\":\"service\",\"service\":{\"name\":\"a\",\"state\":\"ready\",\"port\":0}}",
      "{\"event\":\"service\",\"service\":{\"name\":\"a\",\"state\":\"ready\",\"port\":-1}}",
      "{\"event\":\"service\",\"service\":{\"name\":\"a\",\"state\":\"ready\",\"port\":65536}}",
      "{\"event\":\"service\",\"service\":{\"name\":\"a\",\"state\":\"ready\",\"port\":70000}}",
      "{\"event\":\"service\",\"service\":{\"name\":\"a\",\"state\":\"ready\",\"port\":3000.0}}",
      "{\"event\":\"service\",\"service\":{\"name\":\"a\",\"state\":\"ready\",\"port\":\"3000\"}}",
      "{\"event\":\"service\",\"service\":{\"name\":\"a\",\"state\":\"ready\",\"port\":true}}",
      "{\"event\":\"service\",\"service\":{\"name\":\"a\",\"state\":\"ready\",\"ports\":{\"x\":0}}}",
      "{\"event\":\"service\",\"service\":{\"name\":\"a\",\"state\":\"ready\",\"ports\":{\"x\":null}}}",
      "{\"event\":\"service\",\"service\":{\"name\":\"a\",\"state\":\"ready\",\"ports\":[1]}}",
      "{\"event\":\"service\",\"service\":{\"name\":\"a\",\"state\":\"ready\",\"pid\":0}}",
      "{\"event\":\"service\",\"service\":{\"name\":\"a\",\"state\":\"ready\",\"pid\":-1}}",
      "{\"event\":\"service\",\"service\":{\"name\":\"a\",\"state\":\"ready\",\"pid\":4294967297}}",
      "{\"event\":\"service\",\"service\":{\"name\":\"a\",\"state\":\"ready\",\"ready\":1}}",
      "{\"event\":\"service\",\"service\":{\"name\":\"a\",\"state\":\"ready\",\"restarts\":2147483648}}",
      "{\"event\":\"service\",\"service\":{\"name\":\"a\",\"state\":\"ready\",\"since\":9223372036854775808}}",
      "{\"event\":\"busy\",\"question\":1,\"service\":\"a\"}",
      "{\"event\":\"port_moved\",\"service\":\"a\",\"wanted\":0,\"port\":1}",
      "{\"event\":\"done\"}",
      "{\"event\":\"done\",\"ok\":\"true\"}",
      "{\"event\":\"done\",\"ok\":true,\"failures\":{}}",
      "{\"event\":\"done\",\"ok\":true,\"failures\":[1]}",
      "{\"event\":\"done\",\"ok\":true,\"failures\":[{\"service\":\"a\",\"log_tail\":[1]}]}",
      "{\"event\":\"done\",\"ok\":true,\"project\":{}}",
      "{\"event\":\"done\",\"ok\":true,\"project\":{\"project\":\"p\",\"root\":\"/\",\"supervisor\":{\"pid\":0}}}",
      "{\"event\":\"done\",\"ok\":true,\"project\":{\"project\":\"p\",\"root\":\"/\",\"services\":{}}}",
  }));
  CAPTURE(line);
  CHECK(is_protocol_error(decode_event(line)));
}

TEST_CASE("an event that is cut at any byte is a protocol error") {
  Done done;
  done.failures = {{"frontend", "exited with code 1", {"line 1"}}};
  done.project = shop();
  const std::string whole = encode(Event(done));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    if (!is_protocol_error(decode_event(std::string_view(whole).substr(0, size)))) FAIL("cut at " << size);
  }
}

TEST_CASE("nesting is bounded before anything is built") {
  const auto request = [](const std::string& value) { return decode_request("stop", R"({"version":2,"x":)" + value + "}"); };
  CHECK(request(nested(63, "[", "]")).has_value());
  CHECK(is_protocol_error(request(nested(64, "[", "]"))));
  CHECK(is_protocol_error(request(nested(100'000, "[", "]"))));
  CHECK(is_protocol_error(request(nested(100'000, "{\"a\":", "}"))));
  CHECK(is_protocol_error(decode_request("stop", std::string(1'000'000, '['))));
  CHECK(request("\"" + std::string(1000, '[') + "\\\"[\"").has_value());  // brackets within a string are text
}

TEST_CASE("size is bounded before anything is built") {
  const std::string head = R"({"version":2,"reason":")";
  const std::string huge = head + std::string((8 << 20) - head.size() - 1, 'x') + "\"}";
  REQUIRE(huge.size() == (8 << 20) + 1);
  CHECK(is_protocol_error(decode_request("stop", huge)));
  CHECK(decode_request("stop", head + std::string((8 << 20) - head.size() - 2, 'x') + "\"}").has_value());
}

TEST_CASE("the status document has the documented members in the documented order") {
  engine::ProjectSnapshot project = shop();
  project.services[0].detail = "fine";
  project.services[0].exit_code.reset();  // a member only where there is one
  CHECK(
      encode_status(project, 1'700'000'060) ==
      R"({"project":"shop","root":"/srv/shop with spaces","supervisor":{"running":true,"pid":77},"services":[)"
      R"({"name":"backend","state":"ready","ready":true,"wanted":true,"external":false,"pid":4242,"port":8001,)"
      R"("ports":{"admin":9000,"metrics":65535},"port_source":"fallback","url":"http://localhost:8001","restarts":3,)"
      R"("uptime_s":60,"since":1700000000,"detail":"fine","stale":true,"kind":"task","healthy":false,"flaps":2,)"
      R"("changed":true,"status":"busy","next_run":1700000900,"fingerprint":"0123456789abcdef",)"
      R"("timeline_ms":{"wanted":1,"waiting":2,"spawned":3,"ready":4}},)"
      R"({"name":"postgres","state":"stopped","ready":false,"wanted":false,"external":true,"pid":null,"port":null,"ports":{},)"
      R"("port_source":"","url":"","restarts":0,"uptime_s":0,"since":0,"detail":"","stale":false,)"
      R"("kind":"service","healthy":true,"flaps":0,"changed":false}]})");
}

TEST_CASE("a status document without a running supervisor names no pid") {
  engine::ProjectSnapshot project;
  project.project = "p";
  project.root = "/p";
  project.supervisor_pid = 5;
  CHECK(encode_status(project, 0) == R"({"project":"p","root":"/p","supervisor":{"running":false,"pid":null},"services":[]})");
}

TEST_CASE("uptime counts only in the state ready and never runs backwards") {
  engine::ProjectSnapshot project = shop();
  CHECK(encode_status(project, 1'600'000'000).find("\"uptime_s\":0") != std::string::npos);
  project.services[0].state = engine::State::starting;
  CHECK(encode_status(project, 1'700'000'060).find("\"uptime_s\":60") == std::string::npos);
}

TEST_CASE("a status document can be read back") {
  const std::string text = encode_status(shop(), 1'700'000'060);
  const auto project = decode_status(text);
  REQUIRE(project.has_value());
  CHECK(encode_status(*project, 1'700'000'060) == text);
  CHECK_FALSE(decode_status(text.substr(1)).has_value());
}
