#include <catch2/catch.hpp>
#include <string>

#include "registry/requests.hpp"

using devinit::Errc;
using namespace devinit::registry;

TEST_CASE("models are UTF-8 of at most 200 bytes without control characters") {
  CHECK(check_model("a").has_value());
  CHECK(check_model("../'\"; –  🦀").has_value());
  CHECK(check_model(std::string(200, 'x')).has_value());
  for (const std::string& bad : {std::string(), std::string(201, 'x'), std::string("a\nb"), std::string("a\0b", 3), std::string("\x7f"),
                                std::string("\xc2\x85"), std::string("\xff"), std::string("\xc0\xaf"), std::string("\xed\xa0\x80"),
                                std::string("\xf4\x90\x80\x80"), std::string("\xe2\x82"), std::string("a\x80")}) {
    const auto checked = check_model(bad);
    REQUIRE_FALSE(checked.has_value());
    CHECK(checked.error().code == Errc::usage);
  }
}
