#include "contract/registry_fixture.hpp"
#include "registry/database.hpp"

using devinit::Errc;
using devinit::Port;
using namespace devinit::registry;
using namespace devinit::test;

namespace {

using Ports = std::vector<Port>;

/// Whatever a file is overwritten with, it is no database afterwards.
void damage(const RegistryFixture& fixture) {
  for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(fixture.location.target + suffix);
  write(fixture.location.target, std::string(8192, 'x'));
}

void run(const RegistryFixture& fixture, const char* script) {
  const auto database = open_database(fixture.location, Access::read_write);
  REQUIRE(database.has_value());
  must((*database)->run_script(script));
}

}  // namespace

TEST_CASE("to read a registry that does not exist is to read an empty one, and makes no file") {
  RegistryFixture fixture;
  const auto registry = fixture.open(Access::read_only);
  CHECK(all_leases(*registry).empty());
  CHECK(must(registry->taken()).empty());
  CHECK(must(registry->find_app("A", 1)).empty());
  CHECK(must(registry->collect_garbage(true)).empty());
  CHECK(must(registry->verify(false)).empty());
  CHECK(registry->reserve({9000, 9000}, "legacy").error().code == Errc::refused);
  CHECK(std::filesystem::is_empty(fixture.folder.path()));
  get(*fixture.open(), "A", 1);
  CHECK(ports_of(all_leases(*registry)) == Ports{5001, 8001});
}

TEST_CASE("a damaged registry is kept aside and rebuilt from what the known projects say, and that is told once") {
  RegistryFixture fixture;
  const std::string shop = fixture.make_root("shop");
  const std::vector<WantedLease> leases{wanted("backend", 8000)};
  must(fixture.open()->lease_project({.root = shop, .name = "shop", .repository = {}}, leases, {}));
  must(fixture.open()->lease_project({.root = shop, .name = "shop", .repository = {}}, leases, {}));
  CHECK(content_of(fixture.location.target + ".projects") == shop + "\n");
  damage(fixture);
  fixture.options.ports_of = [&](const std::string& root) {
    CHECK(root == shop);
    return std::vector<WantedLease>{wanted("backend", 8000), wanted("frontend", 3000)};
  };
  const auto registry = fixture.open(GENERATE(Access::read_write, Access::read_only));
  CHECK(ports_of(all_leases(*registry)) == Ports{3000, 8000});
  CHECK(must(registry->lease_of(3000))->owner == Owner{OwnerKind::project, shop, 0, "frontend"});
  REQUIRE(fixture.notices.size() == 1);
  CHECK_THAT(fixture.notices[0], Catch::Contains("registry.db.corrupt-") && Catch::Contains("2 leases came from the .ports.json"));
  CHECK(must(fixture.open()->verify(false)).empty());
  CHECK(fixture.notices.size() == 1);
}

TEST_CASE("a live supervisor keeps its project's leases live through a rebuild") {
  RegistryFixture fixture;
  const std::string shop = fixture.make_root("shop");
  get(*fixture.open(), "A", 1);
  damage(fixture);
  const auto own_command = devinit::os::process_info(::getpid())->command;
  fixture.options.supervised_root = [&](const std::vector<std::string>& command) {
    return command == own_command ? std::optional(shop) : std::nullopt;
  };
  fixture.options.ports_of = [](const std::string&) { return std::vector<WantedLease>{wanted("backend", 8000)}; };
  const auto registry = fixture.open();
  const Lease lease = must(registry->lease_of(8000)).value();
  CHECK(registry->is_live(lease));
}

TEST_CASE("damage that is met later is mended then, and the call goes on") {
  RegistryFixture fixture;
  get(*fixture.open(), "A", 1);
  const auto registry = fixture.open();
  write(fixture.location.target, std::string(std::filesystem::file_size(fixture.location.target), 'x'));
  CHECK(get(*registry, "B", 1).size() == 2);
  CHECK(must(registry->verify(false)).empty());
  CHECK(fixture.notices.size() == 1);
}

TEST_CASE("summaries that disagree with the leases are found, and mended when that is wanted") {
  RegistryFixture fixture;
  const auto registry = fixture.open();
  get(*registry, "A", 1);
  run(fixture, "UPDATE taken SET ports = replace(ports, '2', '0')");
  const auto problems = must(registry->verify(false));
  REQUIRE(problems.size() == 1);
  CHECK_THAT(problems[0], Catch::Contains("its leases have 2"));
  CHECK(must(registry->verify(true)).size() == 1);
  CHECK(must(registry->verify(false)).empty());
  CHECK(must(registry->taken()).size() == 2);
}

TEST_CASE("an allocation does not trust a summary that says too little, or cannot be read") {
  RegistryFixture fixture;
  const auto registry = fixture.open();
  get(*registry, "A", 1);
  run(fixture, GENERATE("DELETE FROM taken", "UPDATE taken SET ports = 'nonsense'"));
  CHECK(get(*registry, "B", 1) == Ports{5003, 8003});
  CHECK(must(registry->verify(false)).empty());
}
