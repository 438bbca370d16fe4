#include "config/diagnostic.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace devinit::config;
using devinit::Errc;

TEST_CASE("a mistake is shown with its place and its hint") {
  const auto error = to_error({{"devinit.json", 4, 13, "`port` must be 1 to 65535, not 70000", "choose a smaller one"}});
  CHECK(error.code == Errc::config);
  CHECK(error.message == "devinit.json:4:13: `port` must be 1 to 65535, not 70000 (choose a smaller one)");
}

TEST_CASE("a mistake of the whole file has no line") {
  CHECK(to_error({{"devinit.json", 0, 0, "too large", ""}}).message == "devinit.json: too large");
}

TEST_CASE("mistakes are sorted by their place, and keep their order at the same place") {
  const auto error =
      to_error({{"f", 2, 1, "third", ""}, {"f", 1, 9, "first", ""}, {"f", 1, 10, "second", ""}, {"f", 2, 1, "fourth", ""}});
  CHECK(error.message == "f:1:9: first\nf:1:10: second\nf:2:1: third\nf:2:1: fourth");
}

TEST_CASE("mistakes beyond the limit are counted") {
  Diagnostics many;
  for (int line = 1; line <= static_cast<int>(kMostShown) + 5; ++line) many.push_back({"f", line, 1, "wrong", ""});
  const std::string message = to_error(many).message;
  CHECK(static_cast<std::size_t>(std::count(message.begin(), message.end(), '\n')) == kMostShown);
  CHECK(message.find("and 5 more mistakes") != std::string::npos);
}
