#include "scaffold/side.hpp"

#include <catch2/catch.hpp>

using namespace devinit::scaffold;

TEST_CASE("the outermost part of a path that names a side decides") {
  CHECK(side_of("backend/app.py") == Side::backend);
  CHECK(side_of("frontend/src/api.js") == Side::frontend);
  CHECK(side_of("apps/web/server.js") == Side::frontend);
  CHECK(side_of("my-server/main.py") == Side::backend);
  CHECK(side_of("API/v1.py") == Side::backend);
  CHECK(side_of("client2/index.html") == Side::frontend);
  CHECK(side_of("docker/MyBackend.Dockerfile") == Side::backend);
}

TEST_CASE("a path may have no side") {
  CHECK_FALSE(side_of("README.md"));
  CHECK_FALSE(side_of("observer.py"));
  CHECK_FALSE(side_of("rapid/capital.py"));
  CHECK_FALSE(side_of(""));
}

TEST_CASE("a part that names both sides says nothing") {
  CHECK_FALSE(side_of("web-api/x"));
  CHECK(side_of("web-api/client/x") == Side::frontend);
}
