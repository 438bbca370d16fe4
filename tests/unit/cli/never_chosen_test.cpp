#include "cli/never_chosen.hpp"

#include <catch2/catch.hpp>

namespace devinit::cli {
namespace {

TEST_CASE("each port that a search passes over has its reason, neighbours share theirs") {
  config::PortRules rules;
  rules.deny = {{7000, 7001}};
  rules.pools = {{"claude", {}, {}, {{"backend", {20000, 2, 20010}}}}};
  CHECK(never_chosen({}, rules, {}).empty());
  CHECK(never_chosen({1, 2, 3, 6000}, rules, {}) == "1-3 (privileged), 6000 (blocked by browsers)");
  CHECK(never_chosen({7000, 7001, 7002, 8080, 20001}, rules, {{8080, 8080}}) ==
        "7000-7001 (denied by your configuration), 7002 (leased to others), 8080 (reserved by net.ipv4.ip_local_reserved_ports), "
        "20001 (set aside by your configuration)");
}

TEST_CASE("a long list of ports is cut") {
  CHECK(never_chosen({2001, 2003, 2005, 2007, 2009, 2011, 2013}, {}, {}).ends_with("2011 (leased to others) …"));
}

}  // namespace
}  // namespace devinit::cli
