#include <set>

#include "contract/registry_fixture.hpp"

using devinit::Errc;
using devinit::Port;
using devinit::PortRange;
using namespace devinit::registry;
using namespace devinit::test;

namespace {

using Ports = std::vector<Port>;

/// Both grids in a range that a test can fill.
AppRequest small_request(const std::string& model, std::int64_t app, Port start, Port end) {
  AppRequest request = app_request(model, app);
  request.grids = {{.role = "backend", .start = start, .step = 2, .end = end}, {.role = "frontend", .start = start, .step = 2, .end = end}};
  return request;
}

}  // namespace

TEST_CASE("three apps of one model and three of another get the pairs from 5001 and 8001 in their order") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  Port backend = 5001;
  for (const char* model : {"A", "B"}) {
    for (int app = 1; app <= 3; ++app, backend = static_cast<Port>(backend + 2)) {
      CHECK(get(*registry, model, app) == Ports{backend, static_cast<Port>(backend + 3000)});
    }
  }
  CHECK(get(*registry, "B", 3) == Ports{5011, 8011});
}

TEST_CASE("a new app gets the pair of a released one, and the others keep theirs") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  for (int app = 1; app <= 3; ++app) get(*registry, "A", app);
  CHECK(ports_of(must(registry->release_app("A", 2))) == Ports{5003, 8003});
  CHECK(must(registry->find_app("A", 2)).empty());
  CHECK(must(registry->release_app("A", 2)).empty());
  CHECK(get(*registry, "B", 1) == Ports{5003, 8003});
  CHECK(get(*registry, "A", 3) == Ports{5005, 8005});
  CHECK(get(*registry, "A", 2) == Ports{5007, 8007});
}

TEST_CASE("an existing allocation is the same answer for ever: without a probe, without a write, from any instance") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto first = must(allocate(*fixture.open(), app_request("A", 1)));
  CHECK(first.created);
  PortPolicy policy;
  policy.never.insert(PortRange{1, 65535});
  policy.is_free = [](Port) {
    FAIL("an existing port was probed");
    return false;
  };
  fixture.clock += 400 * 24 * 3600;
  const auto again = must(allocate(*fixture.open(Access::read_only), app_request("A", 1), policy));
  CHECK_FALSE(again.created);
  CHECK(ports_of(again.leases) == ports_of(first.leases));
  CHECK(again.leases[0].last_used == first.leases[0].last_used);
}

TEST_CASE("a lease says whose it is, in which pool, and since when") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  AppRequest request = app_request("ünï 'quoted'; DROP TABLE lease", 7);
  request.grids[0].pool = "team";
  request.checkout = "/somewhere";
  const auto answer = must(allocate(*registry, request));
  REQUIRE(answer.leases.size() == 2);
  const Lease lease = must(registry->lease_of(5001)).value();
  CHECK(lease.owner == Owner{OwnerKind::app, request.model, 7, "backend"});
  CHECK(lease.pool == "team");
  CHECK(lease.checkout == "/somewhere");
  CHECK(lease.created == fixture.clock);
  CHECK(lease.host == fixture.options.host.id);
  CHECK_FALSE(lease.live.has_value());
  CHECK(answer.leases[0].owner == lease.owner);
  CHECK(answer.leases[0].host == lease.host);
  CHECK_FALSE(must(registry->lease_of(5002)).has_value());
}

TEST_CASE("a role that is new for an app gets its port, and the app's other ports stay") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  get(*registry, "A", 1);
  AppRequest request = app_request("A", 1);
  request.grids.push_back({.role = "metrics", .start = 5001, .step = 1});
  const auto answer = must(allocate(*registry, request));
  CHECK(answer.created);
  CHECK(ports_of(answer.leases) == Ports{5001, 8001, 5002});
  CHECK(get(*registry, "A", 1) == Ports{5001, 8001});
}

TEST_CASE("an allocation that names a checkout notes it for all ports of the app, in the same transaction") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  AppRequest metrics = app_request("A", 1);
  metrics.grids = {{.role = "metrics", .start = 7001, .step = 1}};
  must(allocate(*registry, metrics));
  AppRequest request = app_request("A", 1);
  request.checkout = "/here";
  CHECK(must(allocate(*registry, request)).created);
  for (const Lease& lease : must(registry->find_app("A", 1))) CHECK(lease.checkout == "/here");

  metrics.checkout = "/there";
  const auto moved = must(allocate(*registry, metrics));
  CHECK_FALSE(moved.created);
  CHECK(ports_of(moved.leases) == Ports{7001});
  const auto leases = must(registry->find_app("A", 1));
  CHECK(leases.size() == 3);
  for (const Lease& lease : leases) CHECK(lease.checkout == "/there");
}

TEST_CASE("an allocation that fails leaves the app where it was") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  get(*registry, "A", 1);
  AppRequest request = app_request("A", 1);
  request.checkout = "/there";
  request.grids.push_back({.role = "metrics", .start = 7001, .step = 1});
  PortPolicy policy;
  policy.is_free = [](Port port) { return port < 7001; };
  CHECK(allocate(*registry, request, policy).error().code == Errc::busy);
  const auto leases = must(registry->find_app("A", 1));
  CHECK(ports_of(leases) == Ports{5001, 8001});
  for (const Lease& lease : leases) CHECK(lease.checkout.empty());
}

TEST_CASE("a registry says once that somebody else has written, whatever its own use of it was meanwhile") {
  RegistryFixture fixture(Location::Backend::sqlite);
  const auto watching = fixture.open();
  const auto writing = fixture.open();
  CHECK(must(watching->changed_elsewhere()));
  CHECK_FALSE(must(watching->changed_elsewhere()));
  all_leases(*watching);
  CHECK_FALSE(must(watching->changed_elsewhere()));
  get(*writing, "A", 1);
  CHECK(must(watching->taken()).contains(5001));  // looks for changes, too
  CHECK(must(watching->changed_elsewhere()));
  CHECK_FALSE(must(watching->changed_elsewhere()));
  get(*writing, "A", 2);
  CHECK(must(watching->changed_elsewhere()));
  CHECK(get(*watching, "A", 3) == Ports{5005, 8005});  // and what it said is not forgotten by a writer
}

TEST_CASE("a port serves one role only, although the grids of two roles overlap") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  std::set<Port> seen;
  for (int app = 1; app <= 4; ++app) {
    for (const Port port : ports_of(must(allocate(*registry, small_request("A", app, 7001, 7008))).leases)) {
      CHECK(seen.insert(port).second);
    }
  }
  CHECK(seen.size() == 8);
}

TEST_CASE("ports that are never given and ports that a stranger holds are left out") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  PortPolicy policy;
  policy.never.insert(Port{5001});
  policy.is_free = [](Port port) { return port != 8001 && port != 5003; };
  CHECK(get(*registry, "A", 1, policy) == Ports{5005, 8003});
  policy.is_free = {};
  CHECK(get(*registry, "A", 2, policy) == Ports{5003, 8001});
}

TEST_CASE("an entry made beforehand comes before the grid when its port is free") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  AppRequest request = app_request("A", 1);
  request.preconfigured = {{"backend", 6100}, {"frontend", 8100}};
  PortPolicy policy;
  policy.is_free = [](Port port) { return port != 8100; };
  CHECK(ports_of(must(allocate(*registry, request, policy)).leases) == Ports{6100, 8001});
  request.app = 2;
  CHECK(ports_of(must(allocate(*registry, request)).leases) == Ports{5001, 8100});
}

TEST_CASE("a full grid is an error with the figures, and nothing of the request is taken") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  PortPolicy policy;
  policy.never.insert(Port{7002});
  policy.is_free = [](Port port) { return port != 7003; };
  CHECK(ports_of(must(allocate(*registry, small_request("A", 1, 7001, 7005), policy)).leases) == Ports{7001, 7005});
  const auto full = allocate(*registry, small_request("A", 2, 7001, 7005), policy);
  REQUIRE_FALSE(full.has_value());
  CHECK(full.error().code == Errc::busy);
  for (const char* figure : {"5 ports", "3 are leased", "1 are never given", "1 are held", "frontend of model A app 2"}) {
    CHECK_THAT(full.error().message, Catch::Contains(figure));
  }
  CHECK_THAT(full.error().hint, Catch::Contains("devinit ports gc"));
  CHECK(must(registry->find_app("A", 2)).empty());
  CHECK(must(registry->taken()).size() == 2);
  // What the failed request had for a moment is free for the next one.
  AppRequest one = small_request("B", 1, 7001, 7005);
  one.grids.pop_back();
  CHECK(ports_of(must(allocate(*registry, one, policy)).leases) == Ports{7004});
}

TEST_CASE("in a batch each request stands for itself, and an owner that comes twice gets one answer") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  const std::vector<AppRequest> requests{small_request("A", 1, 7001, 7004), app_request("", 1), small_request("B", 1, 7001, 7004),
                                         app_request("C", 0),               small_request("D", 1, 7001, 7004), small_request("A", 1, 7001, 7004),
                                         app_request("E", 1)};
  const auto answers = must(registry->allocate(requests, {}));
  REQUIRE(answers.size() == requests.size());
  CHECK(ports_of(answers[0]->leases) == Ports{7001, 7003});
  CHECK(answers[1].error().code == Errc::usage);
  CHECK(ports_of(answers[2]->leases) == Ports{7002, 7004});
  CHECK(answers[3].error().code == Errc::usage);
  CHECK(answers[4].error().code == Errc::busy);
  CHECK(ports_of(answers[5]->leases) == Ports{7001, 7003});
  CHECK(ports_of(answers[6]->leases) == Ports{5001, 8001});
  CHECK(must(registry->taken()).size() == 6);
}

TEST_CASE("two owners that want one project name get different ones, each for ever, until it is released") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  const auto first = must(registry->project_name("a.b", 1, "a-b-app1"));
  const auto second = must(registry->project_name("a-b", 1, "a-b-app1"));
  CHECK(first == "a-b-app1");
  CHECK_THAT(second, Catch::Matches("a-b-app1-[0-9a-f]{6}"));
  CHECK(must(fixture.open(Access::read_only)->project_name("a-b", 1, "a-b-app1")) == second);
  CHECK(must(registry->project_name("a.b", 1, "another")) == first);
  must(registry->release_app("a.b", 1));
  CHECK(must(registry->project_name("c", 1, "a-b-app1")) == "a-b-app1");
}

TEST_CASE("the folder of an app is kept with all of its leases") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  CHECK(registry->set_checkout("A", 1, "/there").error().code == Errc::not_found);
  get(*registry, "A", 1);
  must(registry->set_checkout("A", 1, "/there"));
  for (const Lease& lease : must(registry->find_app("A", 1))) CHECK(lease.checkout == "/there");
  AppRequest moved = app_request("A", 1);
  moved.checkout = "/elsewhere";
  const auto answer = must(allocate(*registry, moved));
  CHECK_FALSE(answer.created);
  for (const Lease& lease : must(registry->find_app("A", 1))) CHECK(lease.checkout == "/elsewhere");
}

TEST_CASE("reservations are all or nothing, keep everybody out, and end by their name") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  get(*registry, "A", 1);
  const auto refused = registry->reserve({5000, 5004}, "legacy");
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Errc::busy);
  CHECK_THAT(refused.error().message, Catch::Contains("5001: model A app 1, backend"));
  CHECK(must(registry->taken()).size() == 2);
  must(registry->reserve({5002, 5004}, "legacy"));
  must(registry->reserve({5003, 5005}, "legacy"));
  CHECK(get(*registry, "A", 2) == Ports{5007, 8003});
  CHECK(ports_of(must(registry->release_reservation("legacy"))) == Ports{5002, 5003, 5004, 5005});
  CHECK(get(*registry, "A", 3) == Ports{5003, 8005});
  CHECK(registry->reserve({6000, 6000}, "a\nb").error().code == Errc::usage);
}

TEST_CASE("leases come in the order of ports, and a filter names exactly what it wants") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  get(*registry, "A", 1);
  get(*registry, "B", 1);
  get(*registry, "B", 2);
  must(registry->reserve({5002, 5002}, "B"));
  const auto ports = [&](const Filter& filter) { return ports_of(all_leases(*registry, filter)); };
  CHECK(ports({}) == Ports{5001, 5002, 5003, 5005, 8001, 8003, 8005});
  CHECK(ports({.kind = OwnerKind::app, .name = "B"}) == Ports{5003, 5005, 8003, 8005});
  CHECK(ports({.name = "B", .app = 2}) == Ports{5005, 8005});
  CHECK(ports({.kind = OwnerKind::reserved}) == Ports{5002});
  CHECK(ports({.role = "frontend"}) == Ports{8001, 8003, 8005});
  CHECK(ports({.ports = PortRange{5003, 8001}}) == Ports{5003, 5005, 8001});
  CHECK(ports({.pool = "no such pool"}).empty());
}
