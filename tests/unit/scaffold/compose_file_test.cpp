#include "scaffold/compose_file.hpp"

#include <catch2/catch.hpp>

using namespace devinit::scaffold;

namespace {

/// "service kind value → replacement" for each value that is not given by one of the app's two variables.
std::vector<std::string> found_in(const std::string& text) {
  using Kind = ComposeValue::Kind;
  std::vector<std::string> lines;
  const auto values = compose_values(text);
  for (const auto& value : values) {
    if (value.variable == "BACKEND_PORT" || value.variable == "FRONTEND_PORT") continue;
    if (value.kind != Kind::unclear) CHECK(text.substr(value.begin, value.end - value.begin) == value.value);
    const char* kind = value.kind == Kind::host_port ? " port " : value.kind == Kind::unclear ? " unclear " : " name ";
    lines.push_back(value.service + kind + value.value + " -> " + replacement_for(value, values));
  }
  return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("fixed names and host ports are found in every block form") {
  CHECK(found_in("services:\n  backend:\n    container_name: my-api # mine\n    ports:\n      - \"5001:5000\"\n  frontend:\n   "
                 " ports:\n    - 127.0.0.1:8001:80/tcp\n") == Lines{"backend name my-api -> ${PROJECT_NAME}-my-api",
                                                                    "backend port 5001 -> ${BACKEND_PORT}",
                                                                    "frontend port 8001 -> ${FRONTEND_PORT}"});
  CHECK(found_in("services:\r\n  web:\r\n    ports: [\"3000:3000\"]\r\n    image: x\r\n") ==
        Lines{"web port 3000 -> ${FRONTEND_PORT}"});
  CHECK(found_in("services:\n  api:\n    ports:\n      - target: 80\n        published: \"5001\"\n        protocol: tcp\n") ==
        Lines{"api port 5001 -> ${BACKEND_PORT}"});
}

TEST_CASE("variables, container ports and other keys are left alone") {
  const std::string text =
      GENERATE(as<std::string>(),
               "services:\n  backend:\n    container_name: ${PROJECT_NAME}-api\n    ports:\n      - \"${BACKEND_PORT}:5000\"\n "
               "     - \"9000\"\n",
               "services:\n  backend:\n    environment:\n      - ports=1:2\n    expose:\n      - \"5000\"\n",
               "volumes:\n  ports:\n    - 1:2\n",
               "services:\n  backend:\n    # container_name: x\n    build:\n      args:\n        container_name: x\n", "", "x",
               ":\n- a\n");
  CHECK(found_in(text).empty());
}

TEST_CASE("what only its author can decide has no replacement") {
  CHECK(found_in("services:\n  db:\n    ports:\n      - 5432:5432\n  backend:\n    ports:\n      - 5001:5000\n      - "
                 "9000:9000\n  client:\n    ports:\n      - 3000-3005:3000-3005\n") ==
        Lines{"db port 5432 -> ", "backend port 5001 -> ", "backend port 9000 -> ", "client port 3000-3005 -> "});
}

TEST_CASE("flow style says the same as block style") {
  CHECK(found_in("services:\n  frontend: {image: y, ports: [\"8001:80\"], container_name: fixed}\n") ==
        Lines{"frontend port 8001 -> ${FRONTEND_PORT}", "frontend name fixed -> ${PROJECT_NAME}-fixed"});
  CHECK(found_in("services: {api: {ports: [\n  {target: 80, published: 5001}]}, # c\n  db: {ports: ['5432:5432']}}\n") ==
        Lines{"api port 5001 -> ${BACKEND_PORT}", "db port 5432 -> "});
  CHECK(found_in("{\"services\": {\"web\": {\"ports\": [\"3000:3000\"]}}}") == Lines{"web port 3000 -> ${FRONTEND_PORT}"});
}

TEST_CASE("a variable with a default is the variable that it names") {
  CHECK(found_in("services:\n  web:\n    ports:\n      - \"${OTHER:-9000}:80\"\n") ==
        Lines{"web port ${OTHER:-9000} -> ${FRONTEND_PORT}"});
  CHECK(found_in("services:\n  web:\n    ports:\n      - \"127.0.0.1:${FRONTEND_PORT:-8001}:80\"\n").empty());
  CHECK(found_in("services:\n  web:\n    ports:\n      - \"[::1]:$FRONTEND_PORT:80\"\n").empty());
  CHECK(found_in("services:\n  web:\n    ports:\n      - published: ${OTHER?}\n        target: 80\n") ==
        Lines{"web port ${OTHER?} -> ${FRONTEND_PORT}"});
}

TEST_CASE("a port beside a right one is left to its author") {
  CHECK(found_in("services:\n  backend:\n    ports:\n      - ${BACKEND_PORT}:5000\n      - 9229:9229\n") ==
        Lines{"backend port 9229 -> "});
}

TEST_CASE("what cannot be judged is said") {
  const auto [text, line] = GENERATE(table<std::string, int>({
      {"services:\n  web:\n    ports: *p\n", 3},
      {"services: *s\n", 1},
      {"services:\n  web: *w\n", 2},
      {"services:\n  <<: *w\n", 2},
      {"x: &x\n  container_name: a\nservices:\n  web:\n    <<: *x\n", 5},
      {"x: &x\n  ports: ['1:2']\ny: &y\n  <<: [*x]\nservices:\n  web: {<<: *y}\n", 6},
      {"services:\n  web:\n    ports:\n      - \"80${N}:80\"\n", 4},
      {"services:\n  web:\n    ports:\n      - \"${A:+8001}:80\"\n", 4},
      {"services:\n  web:\n    ports: [${FRONTEND_PORT}:80]\n", 3},
      {"services:\n  web:\n    ports:\n      - \"8001\\x3a80:80\"\n", 4},
      {"services:\n  web:\n    container_name: 'x\n      y'\n", 3},
      {"services:\n  web:\n    container_name: >-\n      x\n", 3},
      {"services:\n  web: {ports: [\"1:2\"\n", 3},
      {"services:\n  web:\n---\nservices:\n", 3},
  }));
  INFO(text);
  const auto values = compose_values(text);
  REQUIRE(values.size() == 1);
  CHECK(values.front().kind == ComposeValue::Kind::unclear);
  CHECK(values.front().line == line);
}

TEST_CASE("anchors that bring neither a name nor ports are nobody's business") {
  CHECK(found_in("x-log: &log\n  logging: {driver: local}\nservices:\n  web:\n    <<: *log\n    environment: *env\n").empty());
}

TEST_CASE("a port without quotes in flow style gets them with its variable") {
  const std::string text = "services:\n  web: {ports: [127.0.0.1:8001:80]}\n";
  const auto values = compose_values(text);
  REQUIRE(values.size() == 1);
  const auto edit = edit_for(values.front(), replacement_for(values.front(), values), text);
  CHECK(edit.text == "\"127.0.0.1:${FRONTEND_PORT}:80\"");
  CHECK(text.substr(edit.begin, edit.end - edit.begin) == "127.0.0.1:8001:80");
}

TEST_CASE("a project may have its own name") {
  CHECK(names_project("name: x\n"));
  CHECK(names_project("# c\nname: x\n"));
  CHECK_FALSE(names_project("services:\n  name: x\n"));
}
