#include "config/ip_address.hpp"

#include <catch2/catch.hpp>

namespace devinit::config {
namespace {

TEST_CASE("an IPv6 literal has eight groups, or one gap for the missing ones") {
  for (const char* text : {"::", "::1", "1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:1.2.3.4",
                           "::1.2.3.4", "FE80::aB"}) {
    INFO(text);
    CHECK(is_ipv6_address(text));
    CHECK_FALSE(is_ipv4_address(text));
  }
  for (const char* text : {"", ":", ":::", "1", "1:2", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "1::2::3",
                           "g::", "12345::", "1.2.3.4::", "::1.2.3", "::1.2.3.4:5", ":1::", "1::2:", "::1 ", "[::1]"}) {
    INFO(text);
    CHECK_FALSE(is_ipv6_address(text));
  }
}

TEST_CASE("any address, however it is written, is recognised") {
  for (const char* text : {"0.0.0.0", "::", "0:0:0:0:0:0:0:0", "0::0"}) CHECK(is_any_address(text));
  for (const char* text : {"", "127.0.0.1", "::1", "localhost", "0", ":"}) CHECK_FALSE(is_any_address(text));
}

TEST_CASE("a URL names the host that a browser here can use") {
  CHECK(local_url("", 80) == "http://localhost:80");
  CHECK(local_url("0.0.0.0", 80) == "http://localhost:80");
  CHECK(local_url("::", 80) == "http://localhost:80");
  CHECK(local_url("localhost", 80) == "http://localhost:80");
  CHECK(local_url("127.0.0.1", 80) == "http://127.0.0.1:80");
  CHECK(local_url("::1", 80) == "http://[::1]:80");
}

}  // namespace
}  // namespace devinit::config
