#include "ports/ownership.hpp"

#include <catch2/catch.hpp>

using devinit::ports::supervised_root;

TEST_CASE("a supervisor is known by its command line, wherever it is installed") {
  CHECK(supervised_root({"/opt/bin/devinit", "supervise", "--root", "/srv/shop"}) == "/srv/shop");
  CHECK(supervised_root({"devinit", "supervise", "--ready-fd", "3", "--root", "/srv/a b"}) == "/srv/a b");
}

TEST_CASE("no other command line is a supervisor's") {
  CHECK_FALSE(supervised_root({}));
  CHECK_FALSE(supervised_root({"devinit", "supervise"}));
  CHECK_FALSE(supervised_root({"devinit", "supervise", "--ready-fd", "3", "--root"}));
  CHECK_FALSE(supervised_root({"devinit", "start", "--root", "/srv/shop"}));
  CHECK_FALSE(supervised_root({"vim", "supervise", "--root", "/srv/shop"}));
}
