#include "base/counted.hpp"

#include <catch2/catch.hpp>

using devinit::counted;

TEST_CASE("only one of a thing goes without an s") {
  CHECK(counted(0, "lease") == "0 leases");
  CHECK(counted(1, "lease") == "1 lease");
  CHECK(counted(2, "lease") == "2 leases");
}
