#include "config/run_file.hpp"

#include <catch2/catch.hpp>

namespace devinit::config {
namespace {

RunFile example() {
  RunFile run;
  run.name = "web";
  run.project = "shop";
  run.command = {"serve", "", "{port}", "bytes \xff\x01 and \xc3\xa9", "\"quotes\" ${X}"};
  run.prefer = 5050;
  run.range = {6000, 6010};
  run.strict = true;
  run.host = "::1";
  run.env = {{"API_PORT", "{port}"}, {"HOST", "::1"}};
  run.env_files = {".env"};
  run.avoid = {6001, 6002};
  run.folder = "/home/ann/\xff shop";
  run.input_of = 4711;
  return run;
}

TEST_CASE("a run file comes back as it was written, whatever bytes the command holds") {
  const auto run = example();
  const auto back = decode_run_file(encode_run_file(run));
  REQUIRE(back.has_value());
  CHECK(back->name == run.name);
  CHECK(back->project == run.project);
  CHECK(back->command == run.command);
  CHECK(back->prefer == run.prefer);
  CHECK(back->range == run.range);
  CHECK(back->strict == run.strict);
  CHECK(back->host == run.host);
  CHECK(back->env == run.env);
  CHECK(back->env_files == run.env_files);
  CHECK(back->avoid == run.avoid);
  CHECK(back->folder == run.folder);
  CHECK(back->input_of == run.input_of);
}

TEST_CASE("a run without a preferred port stays without one") {
  auto run = example();
  run.prefer.reset();
  CHECK_FALSE(decode_run_file(encode_run_file(run))->prefer.has_value());
}

TEST_CASE("anything else is refused") {
  const auto good = encode_run_file(example());
  const auto changed = [&](const std::string& from, const std::string& to) {
    auto text = good;
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
  };
  for (const auto& text : {std::string(), std::string("{}"), std::string("[]"), good.substr(0, good.size() / 2),
                           changed("5050", "70000"), changed("5050", "-1"), changed("5050", "50.5"), changed("true", "1"),
                           changed("\"web\"", "\"\""), changed("\"API_PORT\",", ""), changed("\"name\"", "\"nome\""), changed("4711", "-1"),
                           changed("4711", "4294967296")}) {
    INFO(text);
    const auto result = decode_run_file(text);
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == Errc::config);
  }
}

TEST_CASE("its service is executed, searched for from the start of the range, and never restarted") {
  const auto config = run_project_config(example());
  CHECK(config.name == "shop");
  CHECK(config.denied_ports == std::vector<Port>{6001, 6002});
  REQUIRE(config.services.size() == 1);
  const auto& service = config.services.front();
  CHECK(std::get<std::vector<std::string>>(service.command) == example().command);
  CHECK(service.port->whole_range);
  CHECK(service.restart.policy == RestartPolicy::never);
  CHECK(service.ready.deadline > std::chrono::hours(1000));
}

}  // namespace
}  // namespace devinit::config
