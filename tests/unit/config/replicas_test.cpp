#include "config/replicas.hpp"

#include "config/templates.hpp"
#include "unit/config/parsing.hpp"

using namespace devinit::config;
using devinit::Port;
using devinit::PortRange;
using Names = std::vector<std::string>;

TEST_CASE("replicas are services of their own, with a port block and a number each") {
  const auto config = parsed(R"({"env": {"N": "{index}"}, "services": {
    "web": {"command": ["run", "{port}", "{index}"], "cwd": "web{index}", "port": {"prefer": 3000, "strict": true}, "ports": {"metrics": 9100, "debug": "auto"},
            "replicas": 3, "env_files": ["{index}.env"], "ready": {"file": "up.{index}"}, "live": {"exec": "ok {index}"},
            "hooks": {"after_ready": "echo {index}"}, "stop": {"command": "halt {index}"}}
  }})");
  REQUIRE(config.services.size() == 3);
  for (int i = 0; i < 3; ++i) {
    const ServiceConfig& web = config.services[static_cast<std::size_t>(i)];
    const std::string number = std::to_string(i);
    CHECK(web.name == "web-" + number);
    CHECK(web.replica_of == "web");
    CHECK(web.index == i);
    CHECK(web.port->prefer == 3000 + i);
    CHECK(web.port->strict);
    CHECK(web.ports[0].second.prefer == 9100 + i);
    CHECK_FALSE(web.ports[1].second.prefer);
    CHECK(web.command == Command(Names{"run", "{port}", number}));
    CHECK(web.cwd == "web" + number);
    CHECK(web.env.front().second == number);
    CHECK(web.env_files == Names{number + ".env"});
    CHECK(web.ready.file == "up." + number);
    CHECK(web.live->probe.exec == Command("ok " + number));
    CHECK(web.hooks.after_ready == "echo " + number);
    CHECK(web.stop.command == Command("halt " + number));
  }
  CHECK(config.services_called("web") == Names{"web-0", "web-1", "web-2"});
}

TEST_CASE("the name of a service with replicas means all of them to who depends on it, and the first in a template") {
  const auto config = parsed(
      R"({"profiles": {"p": ["web", "api", "web-1"]}, "runtime_env": {"WEB": "{web.url}", "TEXT": "{{web.url}}"}, "services": {
    "web": {"command": "run {web.port} {web-1.port} {port}", "port": 3000, "replicas": 2},
    "api": {"command": "x {web.url} {{web.url}}", "depends_on": {"web": "started"}},
    "one": {"command": "x", "depends_on": ["web-1"]}
  }})");
  REQUIRE(config.services.size() == 4);
  CHECK(config.services[1].command == Command("run {web-0.port} {web-1.port} {port}"));
  CHECK(config.services[2].command == Command("x {web-0.url} {{web.url}}"));
  CHECK(config.services[2].depends_on ==
        std::vector<Dependency>{{"web-0", DependencyCondition::started}, {"web-1", DependencyCondition::started}});
  CHECK(config.services[3].depends_on == std::vector<Dependency>{{"web-1", DependencyCondition::ready}});
  CHECK(config.runtime_env ==
        std::vector<std::pair<std::string, std::string>>{{"WEB", "{web-0.url}"}, {"TEXT", "{{web.url}}"}});
  CHECK(config.profiles.at("p") == Names{"web-0", "web-1", "api"});
}

TEST_CASE("a service that is alone has the number 0") {
  const auto config = parsed(R"({"services": {"a": {"command": "x {index} {{index}} ${index} {{{index}}}", "replicas": 1}}})");
  CHECK(config.services.front().name == "a");
  CHECK(config.services.front().replica_of.empty());
  CHECK(config.services.front().command == Command("x 0 {index} ${index} {{index}}"));
}

TEST_CASE("a variable that holds the text of a template stays what it is") {
  const auto config = parsed(R"({"services": {"a": {"command": "x", "env": {"A": "${A} {index}"}}}})", MemoryFiles{},
                             {{"A", "{index}{{index}}"}});
  CHECK(config.services.front().env.front().second == "{index}{{index}} 0");
}

TEST_CASE("doubling and filling are each other's opposite") {
  for (const std::string text :
       {"{index}", "{{index}}", "{{{index}}}", "${index}", "a{index}b{{index}}", "{index", "{}", "{index}}"}) {
    CAPTURE(text);
    CHECK(fill_index(without_index(text), 7) == text);
  }
}

TEST_CASE("a mistake with replicas is said once") {
  const auto [services, expected] = GENERATE(table<std::string, std::string>({
      {R"("a": {"command": "x", "replicas": 0})", "`replicas` must be a whole number from 1 to 100, not 0"},
      {R"("a": {"command": "x", "replicas": 101})", "`replicas` must be a whole number from 1 to 100, not 101"},
      {R"("a": {"command": "x", "replicas": "2"})", "`replicas` must be a whole number from 1 to 100, not the string `2`"},
      {R"("a": {"command": "x", "port": 65534, "replicas": 4})", "`a-2` would have port 65536"},
      {R"("a": {"command": "x", "port": {"prefer": 80, "range": "80-81"}, "replicas": 3})",
       "`a-2` would have port 82 (that lies outside its range)"},
      {R"("a": {"command": "x", "port": 80, "replicas": 3}, "b": {"command": "x", "port": 82})",
       "port 82 is named by both `a-2` and `b`"},
      {R"("a": {"command": "x", "port": 80, "ports": {"m": 81}, "replicas": 2})",
       "port 81 is named by both `a-1` and `a-0` (`ports.m`)"},
      {R"("a": {"command": "x", "depends_on": ["b"]}, "b": {"command": "x", "replicas": 2, "depends_on": ["a"]})",
       "a cycle of dependencies: a -> b -> a"},
      {R"("a": {"command": "x", "replicas": 2, "depends_on": ["a-1"]})", "a cycle of dependencies: a -> a"},
      {R"("a": {"command": "x {b.port}"}, "b": {"command": "x", "replicas": 2})",
       "a template names the port of `b`, which has none"},
      {R"("a": {"command": "x {b-2.port}"}, "b": {"command": "x", "port": 80, "replicas": 2})",
       "the service `b-2`, which does not exist"},
  }));
  CAPTURE(services);
  const std::string message = mistakes_in("{\"services\": {" + services + "}}");
  CAPTURE(message);
  CHECK(contains(message, expected));
  CHECK_FALSE(contains(message, "\n"));
}

TEST_CASE("a replica and another service cannot have one name") {
  const std::string message = mistakes_in(R"({"services": {"a": {"command": "x", "replicas": 2}, "a-1": {"command": "x"}}})");
  CHECK(contains(message, "`a-1` is what a replica of `a` is called (rename one of them)"));
  CHECK_FALSE(contains(message, "\n"));
}

TEST_CASE("the API of the project is that of the first replica") {
  const auto config = parsed(R"({"services": {"backend": {"command": "x", "port": 8000, "replicas": 2}}})");
  const auto variables =
      runtime_variables(config, {}, [](const std::string& service, const std::string&) -> std::optional<Port> {
        return service == "backend-0" ? Port{8000} : Port{8001};
      });
  REQUIRE(variables.has_value());
  const auto value = [&](const std::string& name) {
    for (const auto& [each, text] : *variables) {
      if (each == name) return text;
    }
    return std::string();
  };
  CHECK(value("BACKEND_0_PORT") == "8000");
  CHECK(value("BACKEND_1_PORT") == "8001");
  CHECK(value("VITE_API_URL") == "http://localhost:8000");
}
