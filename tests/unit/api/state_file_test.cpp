#include "api/state_file.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace devinit;
using namespace devinit::api;

namespace {

StateFile two_services() {
  StateFile state;
  state.boot_id = "d0a4f9b2-0000-4000-8000-000000000001";
  state.root_device = 66;
  state.root_inode = 18'446'744'073'709'551'615u;
  state.supervisor = {77, 123'456};
  state.socket = "/home/a b/.local/state/devinit/x.sock";
  state.cookie = "c0ffee";
  state.project.project = "shop";
  state.project.root = "/srv/shop";
  state.project.supervisor_running = true;
  state.project.supervisor_pid = 77;
  RecordedService backend;
  backend.snapshot.name = "backend";
  backend.snapshot.state = engine::State::ready;
  backend.snapshot.port = 8000;
  backend.snapshot.pid = 79;
  backend.guardian = RecordedProcess{78, 123'500};
  backend.leader = RecordedProcess{79, 123'501};
  backend.log_file = "/srv/shop/.devinit/logs/backend.log";
  RecordedService frontend;
  frontend.snapshot.name = "frontend";
  frontend.snapshot.state = engine::State::failed;
  state.services = {backend, frontend};
  return state;
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const auto at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), with);
}

bool is_protocol_error(const Result<StateFile>& result) { return !result && result.error().code == Errc::protocol; }

}  // namespace

TEST_CASE("a state file survives writing and reading") {
  const std::string text = encode(two_services());
  CHECK(text.back() == '\n');
  const auto state = decode_state_file(text);
  REQUIRE(state.has_value());
  CHECK(encode(*state) == text);
  CHECK(state->root_inode == 18'446'744'073'709'551'615u);
  CHECK(state->supervisor.start_ticks == 123'456);
  CHECK(state->project.supervisor_pid == 77);
  REQUIRE(state->services.size() == 2);
  CHECK(state->services[0].guardian->pid == 78);
  CHECK(state->services[0].leader->start_ticks == 123'501);
  CHECK(state->services[0].log_file == "/srv/shop/.devinit/logs/backend.log");
  CHECK_FALSE(state->services[1].guardian);
  CHECK(state->services[1].snapshot.state == engine::State::failed);
}

TEST_CASE("a state file of a supervisor that ended in order can be read") {
  StateFile state;
  state.clean = true;
  const auto copy = decode_state_file(encode(state));
  REQUIRE(copy.has_value());
  CHECK(copy->clean);
  CHECK(copy->supervisor.pid == 0);
  CHECK(copy->services.empty());
}

TEST_CASE("a state file of another version is refused, and says so") {
  const auto state = decode_state_file(replaced(encode(two_services()), "\"version\":1", "\"version\":2"));
  REQUIRE(is_protocol_error(state));
  CHECK(state.error().message.find("version 2") != std::string::npos);
}

TEST_CASE("members that only a newer devinit knows are ignored") {
  CHECK(decode_state_file(replaced(encode(two_services()), "{\"version\":1", "{\"later\":[{}],\"version\":1")).has_value());
}

TEST_CASE("a state file that is cut at any byte is refused") {
  const std::string whole = encode(two_services());
  for (std::size_t size = 0; size + 1 < whole.size(); ++size) {
    if (!is_protocol_error(decode_state_file(std::string_view(whole).substr(0, size)))) FAIL("cut at " << size);
  }
}

TEST_CASE("a state file with a wrong member is refused") {
  const auto [what, with] = GENERATE(table<const char*, const char*>({
      {"\"boot_id\":\"", "\"boot\":\""},
      {"\"root_device\":66", "\"root_device\":-66"},
      {"\"root_device\":66", "\"root_device\":66.0"},
      {"\"root_device\":66", "\"root_device\":\"66\""},
      {"\"root_inode\":18446744073709551615", "\"root_inode\":18446744073709551616"},
      {"\"clean\":false", "\"clean\":0"},
      {"\"clean\":false", "\"clean\":null"},
      {"\"supervisor_process\":{\"pid\":77", "\"supervisor_process\":{\"pid\":-77"},
      {"\"supervisor_process\":{\"pid\":77", "\"supervisor_process\":{\"pid\":4294967373"},
      {"\"supervisor_process\":{\"pid\":77", "\"supervisor_process\":{\"pid\":null"},
      {"\"guardian\":{\"pid\":78", "\"guardian\":{\"pid\":0"},
      {"\"guardian\":{\"pid\":78,", "\"guardian\":{"},
      {"\"guardian\":{\"pid\":78,\"start_ticks\":123500}", "\"guardian\":{\"pid\":78}"},
      {"\"guardian\":{\"pid\":78,\"start_ticks\":123500}", "\"guardian\":78"},
      {"\"leader\":{\"pid\":79,\"start_ticks\":123501}", "\"leader\":{\"pid\":79,\"start_ticks\":1e3}"},
      {"\"port\":8000", "\"port\":73536"},
      {"\"state\":\"ready\"", "\"state\":\"dancing\""},
      {"\"name\":\"frontend\"", "\"name\":[\"frontend\"]"},
      {"\"services\":[", "\"service\":["},
  }));
  CAPTURE(what, with);
  CHECK(is_protocol_error(decode_state_file(replaced(encode(two_services()), what, with))));
}

TEST_CASE("a state file that is something else is refused") {
  CHECK(is_protocol_error(decode_state_file("")));
  CHECK(is_protocol_error(decode_state_file(std::string(64, '\0'))));
  CHECK(is_protocol_error(decode_state_file("[]")));
  CHECK(is_protocol_error(decode_state_file(R"({"version":1})")));
  CHECK(is_protocol_error(decode_state_file(std::string(100'000, '[') + std::string(100'000, ']'))));
  CHECK(is_protocol_error(decode_state_file(std::string((8 << 20) + 1, ' '))));
}

TEST_CASE("the text of a lock file names the process and its socket") {
  CHECK(encode(LockText{42, "/run/a b.sock"}) == "42 /run/a b.sock\n");
  const auto text = decode_lock_text("42 /run/a b.sock\n");
  REQUIRE(text.has_value());
  CHECK(text->pid == 42);
  CHECK(text->socket == "/run/a b.sock");
}

TEST_CASE("a lock file with any other text names nothing") {
  const auto* text = GENERATE(
      values<const char*>({"", "\n", " ", "42", "42\n", "42 \n", " /s\n", "42 /s", "0 /s\n", "-1 /s\n", "+1 /s\n", "042 /s\n",
                           "42x /s\n", "4294967297 /s\n", "42 relative\n", "42  /s\n", "42 /s\n17 /t\n", "forty /s\n"}));
  CAPTURE(text);
  CHECK_FALSE(decode_lock_text(text).has_value());
}
