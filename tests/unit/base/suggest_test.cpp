#include "base/suggest.hpp"

#include <catch2/catch.hpp>

using devinit::nearest;

TEST_CASE("a slip of the hand finds the word that was meant") {
  const std::vector<std::string> commands{"start", "stop", "restart", "status", "logs", "version"};
  const auto [typed, meant] = GENERATE(table<std::string, std::string>({{"strat", "start"},
                                                                        {"sttart", "start"},
                                                                        {"stpo", "stop"},
                                                                        {"log", "logs"},
                                                                        {"restrat", "restart"},
                                                                        {"statuss", "status"},
                                                                        {"verison", "version"}}));
  CAPTURE(typed);
  CHECK(nearest(typed, commands) == meant);
}

TEST_CASE("a word that is near to nothing gets no suggestion") {
  const std::string typed = GENERATE("", "deploy", "x", "lgso-", "completely-different");
  CAPTURE(typed);
  CHECK_FALSE(nearest(typed, {"start", "stop", "logs"}));
}

TEST_CASE("short words allow one slip, longer ones two, and the longest three") {
  CHECK(nearest("abcx", {"abcd"}) == "abcd");
  CHECK_FALSE(nearest("abxx", {"abcd"}));
  CHECK(nearest("abcdexx", {"abcdefg"}) == "abcdefg");
  CHECK_FALSE(nearest("abcdxxx", {"abcdefg"}));
  CHECK(nearest("abcdefxxx", {"abcdefghi"}) == "abcdefghi");
  CHECK_FALSE(nearest("abcdexxxx", {"abcdefghi"}));
}

TEST_CASE("the nearest wins, and of equals the first") {
  CHECK(nearest("backend", {"backend2", "backend"}) == "backend");
  CHECK(nearest("web", {"wed", "wex"}) == "wed");
}

TEST_CASE("a huge word is not compared with anything") {
  const std::string huge(1'000'000, 'a');
  CHECK_FALSE(nearest(huge, {huge, "a"}));
  CHECK_FALSE(nearest("a", {huge}));
  CHECK_FALSE(nearest("a", {}));
}
