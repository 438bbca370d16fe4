#include "config/templates.hpp"

#include <catch2/catch.hpp>

using namespace devinit;
using namespace devinit::config;

namespace {

std::optional<Port> lookup(const std::string& service, const std::string& port_name) {
  static const std::map<std::pair<std::string, std::string>, Port> ports = {
      {{"backend", ""}, 8001},   {{"backend", "metrics"}, 9100}, {{"frontend", ""}, 3000},
      {{"my-api.v2", ""}, 7000}, {{"postgres", ""}, 5432},       {{"worker-ui", ""}, 4000}};
  const auto found = ports.find({service, port_name});
  if (found == ports.end()) return std::nullopt;
  return found->second;
}

std::string expanded(std::string_view text, const std::string& self = "backend") {
  const Result<std::string> result = expand(text, self, lookup);
  if (result.has_error()) return "error: " + result.error().message;
  return *result;
}

ServiceConfig service_with_port(const std::string& name) {
  ServiceConfig service;
  service.name = name;
  service.port.emplace();
  return service;
}

using Variables = std::vector<std::pair<std::string, std::string>>;

}  // namespace

TEST_CASE("templates name the service's own ports and those of the others") {
  CHECK(expanded("--port {port}") == "--port 8001");
  CHECK(expanded("{ports.metrics}") == "9100");
  CHECK(expanded("{frontend.port}/{backend.ports.metrics}") == "3000/9100");
  CHECK(expanded("{backend.url}/v1", "frontend") == "http://localhost:8001/v1");
  CHECK(expanded("postgresql://localhost:{postgres.port}/shop") == "postgresql://localhost:5432/shop");
  CHECK(expanded("{my-api.v2.port} {my-api.v2.url}") == "7000 http://localhost:7000");
}

TEST_CASE("the host template is the service's host, and the loopback address when none is said") {
  CHECK(expanded("{host}:{port}") == "127.0.0.1:8001");
  CHECK(*expand("{host}", "backend", lookup, "::1") == "::1");
}

TEST_CASE("braces of other languages stay as they are") {
  for (const char* text : {R"({"a":{"b":1}})", "awk '{print $1}'", "awk '{{print}}'", "echo ${HOME} ${port} ${{port}}", "{a,b}",
                           "{}", "{", "}", "{{", "docker ps --format '{{.Names}}'", "{name}", "{Port}", "{.port}", "{ports.}",
                           "{ port }", "{port", "{backend.port "}) {
    CHECK(expanded(text) == text);
  }
}

TEST_CASE("a template inside JSON is still a template") {
  CHECK(expanded(R"({"server":{"port":{port}}})") == R"({"server":{"port":8001}})");
}

TEST_CASE("a doubled template stands for its own text") {
  CHECK(expanded("{{port}} is {port}") == "{port} is 8001");
  CHECK(expanded("{{nobody.url}}") == "{nobody.url}");
}

TEST_CASE("text without templates expands to itself, whatever it holds") {
  for (const char* text : {"{port}", "{{port}}", "{{{backend.url}}}", "{x} ${port} {{.Names}} {host}{port}", ""}) {
    CHECK(expanded(without_templates(text)) == text);
    CHECK(references(without_templates(text), "backend").empty());
  }
}

TEST_CASE("a template that names no port is a mistake of the configuration") {
  const Result<std::string> result = expand("{backnd.port}", "backend", lookup);
  REQUIRE(result.has_error());
  CHECK(result.error().code == Errc::config);
  CHECK(result.error().message.find("`{backnd.port}`") != std::string::npos);
  CHECK(expand("{ports.nope}", "backend", lookup).has_error());
}

TEST_CASE("the project level has no port of its own") {
  CHECK(expand("{port}", "", lookup).has_error());
  CHECK(expand("{ports.metrics}", "", lookup).has_error());
  CHECK(expand("{host}", "", lookup).has_error());
  CHECK(*expand("{backend.port}", "", lookup) == "8001");
}

TEST_CASE("references are listed once each, with the service itself resolved") {
  using References = std::vector<std::pair<std::string, std::string>>;
  CHECK(references("{port} {backend.url} {ports.metrics} {port} {{frontend.port}} {host}", "web") ==
        References{{"web", ""}, {"backend", ""}, {"web", "metrics"}});
  CHECK(references("{backend.port} {backend.url}", "backend") == References{{"backend", ""}});
  CHECK(references("{port}", "").empty());
}

TEST_CASE("runtime variables stand in the order that their readers know") {
  ProjectConfig config;
  config.services = {service_with_port("worker-ui"), service_with_port("frontend"), service_with_port("backend")};
  config.services[2].ports.emplace_back("metrics", PortSpec{});
  config.services.push_back({});
  config.services.back().name = "worker";
  config.runtime_env = {{"API", "{backend.url}/v1"}};
  CHECK(*runtime_variables(config, {{"postgres", 5432}}, lookup) == Variables{{"BACKEND_PORT", "8001"},
                                                                              {"FRONTEND_PORT", "3000"},
                                                                              {"WORKER_UI_PORT", "4000"},
                                                                              {"BACKEND_URL", "http://localhost:8001"},
                                                                              {"FRONTEND_URL", "http://localhost:3000"},
                                                                              {"WORKER_UI_URL", "http://localhost:4000"},
                                                                              {"NEXT_PUBLIC_API_URL", "http://localhost:8001"},
                                                                              {"VITE_API_URL", "http://localhost:8001"},
                                                                              {"BACKEND_METRICS_PORT", "9100"},
                                                                              {"POSTGRES_PORT", "5432"},
                                                                              {"API", "http://localhost:8001/v1"}});
}

TEST_CASE("a runtime variable of the user replaces devinit's in its place") {
  ProjectConfig config;
  config.services = {service_with_port("backend")};
  config.runtime_env = {{"NEXT_PUBLIC_API_URL", "{backend.url}/api"}};
  const Variables variables = *runtime_variables(config, {}, lookup);
  REQUIRE(variables.size() == 4);
  CHECK(variables[2] == std::pair<std::string, std::string>{"NEXT_PUBLIC_API_URL", "http://localhost:8001/api"});
}

TEST_CASE("without a backend there is no API address, and a port that nobody claimed is left out") {
  ProjectConfig config;
  config.services = {service_with_port("frontend"), service_with_port("unclaimed")};
  CHECK(*runtime_variables(config, {}, lookup) ==
        Variables{{"FRONTEND_PORT", "3000"}, {"FRONTEND_URL", "http://localhost:3000"}});
}

TEST_CASE("a runtime variable with a line break is refused") {
  ProjectConfig config;
  config.runtime_env = {{"KEY", "a\nb"}};
  const auto variables = runtime_variables(config, {}, lookup);
  REQUIRE(variables.has_error());
  CHECK(variables.error().code == Errc::config);
}

TEST_CASE("the runtime file is two comment lines and one line per variable") {
  const std::string text = runtime_env_text({{"A", "1"}, {"B", "x=y"}});
  CHECK(text.starts_with("# Auto-generated "));
  CHECK(text.find("\n# DO NOT EDIT") != std::string::npos);
  CHECK(text.ends_with("managed by devinit.\nA=1\nB=x=y\n"));
  CHECK(std::count(text.begin(), text.end(), '\n') == 4);
}
