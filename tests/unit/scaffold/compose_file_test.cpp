#include "scaffold/compose_file.hpp"

#include <catch2/catch.hpp>

using namespace devinit::scaffold;

namespace {

/// "service kind value → replacement" for each fixed value.
std::vector<std::string> found_in(const std::string& text) {
  std::vector<std::string> lines;
  const auto fixed = fixed_values(text);
  for (const auto& value : fixed) {
    CHECK(text.substr(value.begin, value.end - value.begin) == value.value);
    const char* kind = value.kind == FixedValue::Kind::host_port ? " port " : " name ";
    lines.push_back(value.service + kind + value.value + " -> " + replacement_for(value, fixed));
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

TEST_CASE("a project may have its own name") {
  CHECK(names_project("name: x\n"));
  CHECK(names_project("# c\nname: x\n"));
  CHECK_FALSE(names_project("services:\n  name: x\n"));
}
