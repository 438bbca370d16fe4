#include "contract/registry_fixture.hpp"

using devinit::Port;
using namespace devinit::registry;
using namespace devinit::test;

namespace {

using Rows = std::vector<ImportRow>;
using Reservations = std::vector<ImportReservation>;
using Ports = std::vector<Port>;

ImportRow row(int number, const std::string& model, std::int64_t app, const std::string& role, Port port) {
  return {.model = model, .app = app, .role = role, .port = port, .row = number};
}

}  // namespace

TEST_CASE("rows are imported once, and known afterwards") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  const Rows rows{row(1, "A", 1, "backend", 5101), row(1, "A", 1, "frontend", 8101), row(2, "B", 1, "backend", 5001)};
  const auto first = must(registry->import_rows(rows));
  CHECK(first.added == 3);
  CHECK(first.known == 0);
  CHECK(first.conflicts.empty());
  const auto second = must(registry->import_rows(rows));
  CHECK(second.added == 0);
  CHECK(second.known == 3);
  CHECK(get(*registry, "A", 1) == Ports{5101, 8101});
  CHECK(get(*registry, "B", 1) == Ports{5001, 8001});
  CHECK(get(*registry, "C", 1) == Ports{5003, 8003});
}

TEST_CASE("one conflict keeps all rows out, and each is told with its row") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  get(*registry, "A", 1);
  const Rows rows{row(1, "B", 1, "backend", 5101),  row(2, "B", 1, "frontend", 5001), row(3, "A", 1, "backend", 5003),
                  row(4, "C", 1, "backend", 5101),  row(5, "B", 1, "backend", 5105),  row(6, "a\nb", 1, "backend", 5107),
                  row(7, "D", 0, "backend", 5109),  row(8, "A", 1, "frontend", 8001)};
  const auto report = must(registry->import_rows(rows));
  CHECK(report.added == 0);
  REQUIRE(report.conflicts.size() == 6);
  CHECK_THAT(report.conflicts[0], Catch::StartsWith("row 2: port 5001 belongs to model A app 1, backend"));
  CHECK_THAT(report.conflicts[1], Catch::StartsWith("row 3: model A app 1, backend, has port 5001 already"));
  CHECK_THAT(report.conflicts[2], Catch::StartsWith("row 4: port 5101 is also that of model B app 1, backend, in row 1"));
  CHECK_THAT(report.conflicts[3], Catch::StartsWith("row 5: model B app 1, backend, has port 5101 in row 1"));
  CHECK_THAT(report.conflicts[4], Catch::StartsWith("row 6: "));
  CHECK_THAT(report.conflicts[5], Catch::StartsWith("row 7: "));
  CHECK(ports_of(all_leases(*registry)) == Ports{5001, 8001});
  CHECK(must(registry->taken()).size() == 2);
}

TEST_CASE("a lease that may be reclaimed does not stand in the way of an import") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  const std::vector<WantedLease> leases{wanted("backend", 5101)};
  must(registry->lease_project({.root = fixture.folder.path("gone"), .name = "gone", .repository = {}}, leases, {}));
  CHECK(must(registry->import_rows(Rows{row(1, "A", 1, "backend", 5101)})).added == 1);
  CHECK(must(registry->lease_of(5101))->owner.name == "A");
}

TEST_CASE("reservations are imported with the rows, or none of both") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  get(*registry, "A", 1);
  const Rows rows{row(1, "B", 1, "backend", 5101)};
  const auto import = [&](const Reservations& reservations) { return must(registry->import_rows(rows, reservations)); };

  const auto taken = import({{"legacy", {5000, 5002}}, {"list", {5100, 5101}}});
  REQUIRE(taken.conflicts.size() == 2);
  CHECK_THAT(taken.conflicts[0], Catch::StartsWith("port 5001 cannot be reserved for legacy: it belongs to model A app 1"));
  CHECK_THAT(taken.conflicts[1], Catch::StartsWith("port 5101 cannot be reserved for list: the same list gives it to model B app 1"));
  const auto overlapping = import({{"legacy", {9000, 9009}}, {"others", {9005, 9012}}});
  REQUIRE(overlapping.conflicts.size() == 1);
  CHECK_THAT(overlapping.conflicts[0], Catch::Contains("9005-9012 for others") && Catch::Contains("legacy"));
  CHECK(import({{"", {9000, 9000}}}).conflicts.size() == 1);
  CHECK(ports_of(all_leases(*registry)) == Ports{5001, 8001});

  const auto first = import({{"legacy", {9000, 9001}}, {"legacy", {9001, 9002}}});
  CHECK(first.conflicts.empty());
  CHECK(first.added == 4);
  const auto second = import({{"legacy", {9000, 9003}}});
  CHECK(second.added == 1);
  CHECK(second.known == 4);
  CHECK(ports_of(all_leases(*registry, {.kind = OwnerKind::reserved, .name = "legacy"})) == Ports{9000, 9001, 9002, 9003});
}

TEST_CASE("a lease that may be reclaimed does not stand in the way of an imported reservation") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto registry = fixture.open();
  const std::vector<WantedLease> leases{wanted("backend", 9001)};
  must(registry->lease_project({.root = fixture.folder.path("gone"), .name = "gone", .repository = {}}, leases, {}));
  const auto report = must(registry->import_rows({}, Reservations{{"legacy", {9000, 9002}}}));
  CHECK(report.conflicts.empty());
  CHECK(report.added == 3);
}
