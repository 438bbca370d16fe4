#include "base/port.hpp"

#include <catch2/catch.hpp>

using devinit::parse_port;
using devinit::parse_port_range;
using devinit::PortRange;

TEST_CASE("a port is one to five decimal digits and at most 65535") {
  const auto [text, port] = GENERATE(table<std::string, int>({{"1", 1}, {"80", 80}, {"8000", 8000}, {"65535", 65535}}));
  CAPTURE(text);
  REQUIRE(parse_port(text));
  CHECK(*parse_port(text) == port);
}

TEST_CASE("nothing else is coerced into a port") {
  const std::string text =
      GENERATE("", "0", "00", "08000", "010", "65536", "70000", "99999", "100000", "4294975296", "-1", "+3000", " 3000",
               "3000 ", "3000.5", "3000.0", "3e3", "0x10", "3,000", "true", "port", "８０８０", "3000\n");
  CAPTURE(text);
  CHECK_FALSE(parse_port(text));
}

TEST_CASE("a NUL byte inside a port makes it no port") { CHECK_FALSE(parse_port(std::string_view("80\0", 3))); }

TEST_CASE("a range is two ports in order, or one port alone") {
  CHECK(parse_port_range("3000-9999") == PortRange{3000, 9999});
  CHECK(parse_port_range("3000-3000") == PortRange{3000, 3000});
  CHECK(parse_port_range("3000") == PortRange{3000, 3000});
}

TEST_CASE("what is not two ports in order is no range") {
  const std::string text =
      GENERATE("", "-", "3000-", "-3000", "9999-3000", "0-10", "1-65536", "3000 - 9999", "1-2-3", "3000–9999");
  CAPTURE(text);
  CHECK_FALSE(parse_port_range(text));
}

TEST_CASE("a range contains both of its ends") {
  const PortRange range{3000, 3002};
  CHECK(range.contains(3000));
  CHECK(range.contains(3002));
  CHECK_FALSE(range.contains(2999));
  CHECK_FALSE(range.contains(3003));
}
