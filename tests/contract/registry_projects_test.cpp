#include "contract/registry_fixture.hpp"

using devinit::Errc;
using devinit::Port;
using namespace devinit::registry;
using namespace devinit::test;

namespace {

using Ports = std::vector<Port>;
using Wanted = std::vector<WantedLease>;

constexpr Seconds kDay = 24 * 3600;

Checkout checkout_of(const std::string& root, const std::string& repository = {}) {
  return {.root = root, .name = "shop", .repository = repository};
}

Checkout make_checkout(const RegistryFixture& fixture, const std::string& name, const std::string& repository = {}) {
  return checkout_of(fixture.make_root(name), repository);
}

LeaseReport lease(Registry& registry, const Checkout& checkout, const Wanted& wanted, const std::optional<LiveProcess>& live = {}) {
  return must(registry.lease_project(checkout, wanted, live));
}

devinit::PortSet set_of(const Ports& ports) {
  devinit::PortSet set;
  for (const Port port : ports) set.insert(port);
  return set;
}

Ports ports_of_project(Registry& registry, const Checkout& checkout) {
  return ports_of(all_leases(registry, {.kind = OwnerKind::project, .name = checkout.root}));
}

}  // namespace

TEST_CASE("a start leases what it got, and its neighbours see that") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  const Checkout shop = make_checkout(fixture, "shop");
  const Checkout blog = make_checkout(fixture, "blog");
  const auto report = lease(*registry, shop, {wanted("backend", 8000), wanted("frontend", 3000)}, this_process());
  CHECK(report.taken_over.empty());
  CHECK(report.refused.empty());
  const Lease backend = must(registry->lease_of(8000)).value();
  CHECK(backend.owner == Owner{OwnerKind::project, shop.root, 0, "backend"});
  CHECK(backend.label == "shop");
  CHECK(backend.checkout == shop.root);
  CHECK(registry->is_live(backend));
  CHECK(must(registry->neighbours_of(shop, {})).own == std::map<std::string, Port>{{"backend", 8000}, {"frontend", 3000}});
  CHECK(must(registry->neighbours_of(shop, {})).taken.empty());
  const auto neighbours = must(registry->neighbours_of(blog, Ports{3000, 3001}));
  CHECK(neighbours.own.empty());
  CHECK(neighbours.taken == set_of({3000, 8000}));
  REQUIRE(neighbours.others.size() == 1);
  CHECK(neighbours.others.at(3000).owner.role == "frontend");
}

TEST_CASE("the next start ends what it does not want any more, but for runs, and keeps when a lease began") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  const Checkout shop = make_checkout(fixture, "shop");
  lease(*registry, shop, {wanted("backend", 8000), wanted("frontend", 3000)});
  must(registry->lease_run(shop, wanted("run:api", 5050), {}));
  const Seconds before = fixture.clock;
  fixture.clock += kDay;
  lease(*registry, shop, {wanted("backend", 8000), wanted("worker", 9000)});
  CHECK(ports_of_project(*registry, shop) == Ports{5050, 8000, 9000});
  const Lease kept = must(registry->lease_of(8000)).value();
  CHECK(kept.created == before);
  CHECK(kept.last_used == fixture.clock);
  must(registry->lease_run(shop, wanted("run:api", 5051), {}));
  CHECK(ports_of_project(*registry, shop) == Ports{5051, 8000, 9000});
}

TEST_CASE("two services of a project may exchange their ports") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  const Checkout shop = make_checkout(fixture, "shop");
  lease(*registry, shop, {wanted("backend", 8000), wanted("frontend", 3000)}, this_process());
  const auto report = lease(*registry, shop, {wanted("backend", 3000), wanted("frontend", 8000)}, this_process());
  CHECK(report.taken_over.empty());
  CHECK(report.refused.empty());
  CHECK(must(registry->lease_of(3000))->owner.role == "backend");
  CHECK(must(registry->lease_of(8000))->owner.role == "frontend");
}

TEST_CASE("an idle lease of another project goes to who names its port, and to nobody else") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  const Checkout shop = make_checkout(fixture, "shop");
  const Checkout blog = make_checkout(fixture, "blog");
  lease(*registry, shop, {wanted("backend", 8000), wanted("frontend", 3000)});
  const auto report = lease(*registry, blog, {named("backend", 8000), wanted("frontend", 3000)});
  REQUIRE(report.taken_over.size() == 1);
  CHECK(report.taken_over[0].owner.name == shop.root);
  CHECK(report.taken_over[0].port == 8000);
  REQUIRE(report.refused.size() == 1);
  CHECK(report.refused[0].port == 3000);
  CHECK(ports_of_project(*registry, blog) == Ports{8000});
  CHECK(ports_of_project(*registry, shop) == Ports{3000});
}

TEST_CASE("nobody takes over a lease that is live, an app's, or a reservation") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  const Checkout shop = make_checkout(fixture, "shop");
  lease(*registry, shop, {wanted("backend", 8000)}, this_process());
  get(*registry, "A", 1);
  must(registry->reserve({9000, 9000}, "legacy"));
  fixture.clock += 400 * kDay;
  const Checkout blog = make_checkout(fixture, "blog");
  const auto report = lease(*registry, blog, {named("a", 8000), named("b", 5001), named("c", 9000), named("d", 9001)});
  CHECK(report.taken_over.empty());
  CHECK(ports_of(report.refused) == Ports{8000, 5001, 9000});
  CHECK(ports_of_project(*registry, blog) == Ports{9001});
  CHECK(must(registry->collect_garbage(false)).empty());
}

TEST_CASE("the lease of another worktree stays with it, however its port is named, until it is reclaimable") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  const Checkout main = make_checkout(fixture, "main", "/git");
  const Checkout branch = make_checkout(fixture, "branch", "/git");
  lease(*registry, main, {named("backend", 8000)});
  CHECK(lease(*registry, branch, {named("backend", 8000)}).refused.size() == 1);
  std::filesystem::remove(main.root);
  CHECK(lease(*registry, branch, {named("backend", 8000)}).taken_over.size() == 1);
}

TEST_CASE("a lease is reclaimable when its checkout is gone or after thirty days, and never while it is live") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  const Checkout shop = make_checkout(fixture, "shop");
  const Checkout live = make_checkout(fixture, "live");
  const Checkout gone = checkout_of(fixture.folder.path("gone"));
  lease(*registry, shop, {wanted("backend", 8000)});
  lease(*registry, live, {wanted("backend", 8001)}, this_process());
  lease(*registry, gone, {wanted("backend", 8002)});
  const auto reason = [&](Port port) { return registry->reclaimable(must(registry->lease_of(port)).value()); };
  CHECK_FALSE(reason(8000).has_value());
  CHECK_THAT(reason(8002).value_or(""), Catch::Contains("is gone"));
  fixture.clock += 31 * kDay;
  CHECK_THAT(reason(8000).value_or(""), Catch::Contains("31 days"));
  CHECK_FALSE(reason(8001).has_value());

  const Checkout blog = make_checkout(fixture, "blog");
  const auto neighbours = must(registry->neighbours_of(blog, Ports{8000, 8001, 8002}));
  CHECK(neighbours.taken == set_of({8001}));
  REQUIRE(neighbours.others.size() == 1);
  CHECK(neighbours.others.begin()->first == 8001);
  CHECK(ports_of(must(registry->collect_garbage(true))) == Ports{8000, 8002});
  CHECK(lease(*registry, blog, {wanted("backend", 8002)}).taken_over.size() == 1);
  CHECK(ports_of(must(registry->collect_garbage(false))) == Ports{8000});
  CHECK(ports_of(all_leases(*registry)) == Ports{8001, 8002});
}

TEST_CASE("a process of another boot, or another one with the same pid, keeps nothing live") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  const Checkout shop = make_checkout(fixture, "shop");
  LiveProcess process = this_process();
  ++process.start_ticks;
  lease(*registry, shop, {wanted("backend", 8000)}, process);
  CHECK_FALSE(registry->is_live(must(registry->lease_of(8000)).value()));
  process = this_process();
  process.boot_id = "another boot";
  lease(*registry, shop, {wanted("backend", 8000)}, process);
  const Lease lease_of_other_boot = must(registry->lease_of(8000)).value();
  CHECK(lease_of_other_boot.live == process);
  CHECK_FALSE(registry->is_live(lease_of_other_boot));
}

TEST_CASE("the end of a run leaves an idle lease, used until then; what another process keeps live stays so") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  const Checkout shop = make_checkout(fixture, "shop");
  LiveProcess other = this_process();
  ++other.pid;
  lease(*registry, shop, {wanted("backend", 8000)}, this_process());
  must(registry->lease_run(shop, wanted("run:api", 5050), other));
  fixture.clock += kDay;
  must(registry->end_run(shop.root, this_process()));
  const Lease ended = must(registry->lease_of(8000)).value();
  CHECK_FALSE(ended.live.has_value());
  CHECK(ended.last_used == fixture.clock);
  CHECK(must(registry->lease_of(5050))->live == other);
}

TEST_CASE("on an ephemeral host leases end with their run, and all of it after a day without a sign of life") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  fixture.options.host.ephemeral = true;
  const auto ci = fixture.open();
  const Checkout shop = make_checkout(fixture, "shop");
  lease(*ci, shop, {wanted("backend", 8000)}, this_process());
  must(ci->end_run(shop.root, this_process()));
  CHECK(all_leases(*ci).empty());
  lease(*ci, shop, {wanted("backend", 8000)}, this_process());
  get(*ci, "A", 1);

  const std::string ci_host = fixture.options.host.id;
  fixture.options.host = {.id = ci_host + "-lasting", .ephemeral = false};
  const auto lasting = fixture.open();
  get(*lasting, "A", 1);
  const auto of_ci = [&](const std::vector<Lease>& leases) {
    return std::count_if(leases.begin(), leases.end(), [&](const Lease& lease) { return lease.host == ci_host; });
  };
  const auto leases = all_leases(*lasting, {.all_hosts = true});
  CHECK(of_ci(leases) == 3);
  CHECK(of_ci(must(lasting->collect_garbage(true))) == 0);
  fixture.clock += 2 * kDay;
  for (const Lease& lease : all_leases(*lasting, {.all_hosts = true})) {
    if (lease.host == ci_host) CHECK_THAT(lasting->reclaimable(lease).value_or(""), Catch::Contains("temporary"));
  }
  CHECK(of_ci(must(lasting->collect_garbage(false))) == 3);
  CHECK(of_ci(all_leases(*lasting, {.all_hosts = true})) == 0);
  CHECK(ports_of(all_leases(*lasting)) == Ports{5001, 8001});
}

TEST_CASE("hosts have ports of their own, and judge nothing about each other's processes and folders") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto here = fixture.open();
  const Checkout gone = checkout_of(fixture.folder.path("gone"));
  lease(*here, gone, {wanted("backend", 8000)}, this_process());
  const std::string here_id = fixture.options.host.id;
  fixture.options.host.id += "-there";
  const auto there = fixture.open();
  get(*there, "A", 1);
  get(*here, "A", 1);
  CHECK(ports_of(all_leases(*there)) == Ports{5001, 8001});
  CHECK(ports_of(all_leases(*here)) == Ports{5001, 8000, 8001});
  for (const Lease& lease : all_leases(*there, {.name = gone.root, .all_hosts = true})) {
    CHECK(lease.host == here_id);
    CHECK_FALSE(there->is_live(lease));
    CHECK_FALSE(there->reclaimable(lease).has_value());
  }
}

TEST_CASE("leases taken while the team's registry was away are marked until they are settled") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  fixture.options.pending = true;
  const auto registry = fixture.open();
  const Checkout shop = make_checkout(fixture, "shop");
  lease(*registry, shop, {wanted("backend", 8000)});
  CHECK(must(registry->lease_of(8000))->pending);
  must(registry->settle_project(shop.root));
  CHECK_FALSE(must(registry->lease_of(8000))->pending);
}

TEST_CASE("a project is released with its runs") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  const Checkout shop = make_checkout(fixture, "shop");
  lease(*registry, shop, {wanted("backend", 8000)});
  must(registry->lease_run(shop, wanted("run:api", 5050), {}));
  CHECK(ports_of(must(registry->release_project(shop.root))) == Ports{5050, 8000});
  CHECK(must(registry->release_project(shop.root)).empty());
  CHECK(must(registry->taken()).empty());
}

TEST_CASE("when a grid is full, the leases that may be reclaimed give way to an app") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  const Checkout shop = make_checkout(fixture, "shop");
  lease(*registry, shop, {wanted("backend", 7001)});
  lease(*registry, checkout_of(fixture.folder.path("gone")), {wanted("backend", 7002)});
  AppRequest request = app_request("A", 1);
  request.grids = {{.role = "backend", .start = 7001, .step = 1, .end = 7002}};
  CHECK(ports_of(must(allocate(*registry, request)).leases) == Ports{7002});
  request.app = 2;
  CHECK(allocate(*registry, request).error().code == Errc::busy);
}

TEST_CASE("the ports of an app are its own checkout's, and stay the app's when that starts") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  const Checkout app = make_checkout(fixture, "app");
  const Checkout blog = make_checkout(fixture, "blog");
  get(*registry, "A", 1);
  get(*registry, "B", 1);
  must(registry->set_checkout("A", 1, app.root));
  lease(*registry, app, {wanted("backend", 5012)});  // an earlier start had been kept off its own
  const auto neighbours = must(registry->neighbours_of(app, Ports{5001, 5003, 8001}));
  CHECK(neighbours.taken == set_of({5003, 8003}));
  CHECK(neighbours.others.size() == 1);
  CHECK(neighbours.own == std::map<std::string, Port>{{"backend", 5012}, {"frontend", 8001}});
  CHECK(must(registry->neighbours_of(blog, Ports{5001})).others.size() == 1);

  fixture.clock += kDay;
  const auto report = lease(*registry, app, {named("backend", 5001), wanted("frontend", 8001)}, this_process());
  CHECK(report.taken_over.empty());
  CHECK(report.refused.empty());
  const Lease backend = must(registry->lease_of(5001)).value();
  CHECK(backend.owner == Owner{OwnerKind::app, "A", 1, "backend"});
  CHECK(backend.last_used == fixture.clock);
  CHECK(registry->is_live(backend));
  CHECK(ports_of_project(*registry, app).empty());
  CHECK(must(registry->taken()).size() == 4);
  CHECK(lease(*registry, blog, {named("backend", 5001)}).refused.size() == 1);
}

TEST_CASE("a role that is refused its new port keeps the old one, unless another role got that") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  const Checkout shop = make_checkout(fixture, "shop");
  must(registry->reserve({9000, 9000}, "legacy"));
  lease(*registry, shop, {wanted("backend", 8000), wanted("frontend", 3000)});
  CHECK(ports_of(lease(*registry, shop, {wanted("backend", 9000), wanted("frontend", 3000)}).refused) == Ports{9000});
  CHECK(ports_of_project(*registry, shop) == Ports{3000, 8000});
  CHECK(ports_of(lease(*registry, shop, {wanted("backend", 9000), wanted("frontend", 8000)}).refused) == Ports{9000});
  CHECK(ports_of_project(*registry, shop) == Ports{8000});
  CHECK(must(registry->lease_of(8000))->owner.role == "frontend");
}

TEST_CASE("two roles that want one port do not cost either of them its lease") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  const Checkout shop = make_checkout(fixture, "shop");
  lease(*registry, shop, {wanted("backend", 8000), wanted("frontend", 3000)});
  const auto report = lease(*registry, shop, {wanted("backend", 9500), wanted("frontend", 9500)});
  CHECK(report.taken_over.empty());
  REQUIRE(ports_of(report.refused) == Ports{9500});
  CHECK(report.refused[0].owner.role == "backend");
  CHECK(ports_of_project(*registry, shop) == Ports{3000, 9500});
  CHECK(must(registry->lease_of(3000))->owner.role == "frontend");
}

TEST_CASE("a checkout whose path is no text has its leases as any other") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  const std::string odd = std::string("latin\xe9\n") + "100%";
  const Checkout shop{.root = fixture.make_root(odd), .name = odd, .repository = fixture.folder / odd + "/.git"};
  for (int start = 0; start < 2; ++start) {
    const auto report = lease(*registry, shop, {wanted("backend", 8000)}, this_process());
    CHECK(report.refused.empty());
  }
  const auto found = must(registry->lease_of(8000));
  REQUIRE(found);
  CHECK(found->owner.name == shop.root);
  CHECK(found->label == odd);
  CHECK(found->repository == shop.repository);
  CHECK(ports_of_project(*registry, shop) == Ports{8000});
  CHECK(must(registry->neighbours_of(shop, {})).own == std::map<std::string, Port>{{"backend", 8000}});
  CHECK(must(registry->release_project(shop.root)).size() == 1);
}
