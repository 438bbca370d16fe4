#include "ports/reserved_ports.hpp"

#include <catch2/catch.hpp>

using devinit::ports::ReservedPorts;

TEST_CASE("ports and ranges of the administrator are reserved, their neighbours are not") {
  const auto reserved = ReservedPorts::parse("8080,9148-9200\n");
  CHECK(reserved.contains(8080));
  CHECK(reserved.contains(9148));
  CHECK(reserved.contains(9200));
  CHECK_FALSE(reserved.contains(8081));
  CHECK_FALSE(reserved.contains(9147));
  CHECK_FALSE(reserved.contains(9201));
}

TEST_CASE("an empty setting reserves nothing") {
  CHECK_FALSE(ReservedPorts::parse("\n").contains(1));
  CHECK_FALSE(ReservedPorts::parse("").contains(65535));
}

TEST_CASE("parts that do not parse are skipped and the others count") {
  const auto reserved = ReservedPorts::parse("x,,70000,9-3,443\n");
  CHECK(reserved.contains(443));
  CHECK_FALSE(reserved.contains(5));
  CHECK_FALSE(reserved.contains(4464));
}
