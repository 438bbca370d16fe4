#include "base/base_name.hpp"

#include <catch2/catch.hpp>

using devinit::base_name;

TEST_CASE("the base name is what stands behind the last slash") {
  CHECK(base_name("/usr/bin/env") == "env");
  CHECK(base_name("../env") == "env");
  CHECK(base_name("env") == "env");
  CHECK(base_name("/usr/bin/").empty());
  CHECK(base_name("").empty());
}
