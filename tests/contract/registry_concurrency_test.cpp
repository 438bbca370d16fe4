#include <map>
#include <random>
#include <set>
#include <sstream>

#include "contract/network.hpp"
#include "contract/registry_fixture.hpp"

using devinit::Port;
using namespace devinit::registry;
using namespace devinit::test;

namespace {

constexpr int kProcesses = 9;
constexpr int kAllocations = 20;

std::string acknowledged_file(const RegistryFixture& fixture, int process) { return fixture.folder.path("acknowledged-" + std::to_string(process)); }

/// Allocates app after app, and notes each answer before it says a byte. In a forked child: no assertions.
int allocate_apps(const RegistryFixture& fixture, int process, const Child::Side& test) {
  auto registry = Registry::open(fixture.location, Access::read_write, fixture.options);
  if (!registry) return 1;
  std::ofstream acknowledged(acknowledged_file(fixture, process));
  for (int app = 1; app <= kAllocations; ++app) {
    const AppRequest request = app_request("model " + std::to_string(process), app);
    const auto answers = (*registry)->allocate(std::span(&request, 1), {});
    if (!answers || !answers->front()) return 2;
    const auto& leases = answers->front()->leases;
    acknowledged << app << ' ' << leases[0].port << ' ' << leases[1].port << std::endl;
    test.say('.');
  }
  return 0;
}

/// What a process was told; its last line may be cut off by its end.
std::map<int, std::vector<Port>> acknowledged(const RegistryFixture& fixture, int process) {
  std::map<int, std::vector<Port>> pairs;
  std::istringstream text(content_of(acknowledged_file(fixture, process)));
  int app = 0;
  Port backend = 0;
  Port frontend = 0;
  for (std::string line; std::getline(text, line) && !text.eof();) {
    if (std::istringstream(line) >> app >> backend >> frontend) pairs[app] = {backend, frontend};
  }
  return pairs;
}

}  // namespace

TEST_CASE("processes that allocate at once, some of them killed: no port twice, and nothing that was answered is lost") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  std::mt19937 dice(7);
  std::vector<Child> children;
  for (int process = 0; process < kProcesses; ++process) {
    children.emplace_back([&, process](const Child::Side& test) { return allocate_apps(fixture, process, test); });
  }
  for (int process = 0; process < kProcesses; process += 3) {
    Child& victim = children[static_cast<std::size_t>(process)];
    for (auto answers = 1 + dice() % kAllocations; answers > 0; --answers) REQUIRE(victim.hear() == '.');
    ::kill(victim.pid(), SIGKILL);
  }
  for (int process = 0; process < kProcesses; ++process) {
    const int code = children[static_cast<std::size_t>(process)].exit_code();
    if (process % 3 != 0) CHECK(code == 0);
  }

  const auto registry = fixture.open();
  std::set<Port> seen;
  for (const Lease& lease : all_leases(*registry)) CHECK(seen.insert(lease.port).second);
  CHECK(must(registry->taken()).size() == seen.size());
  for (int process = 0; process < kProcesses; ++process) {
    const auto pairs = acknowledged(fixture, process);
    if (process % 3 != 0) CHECK(pairs.size() == kAllocations);
    for (const auto& [app, ports] : pairs) {
      auto kept = ports_of(must(registry->find_app("model " + std::to_string(process), app)));
      CHECK(kept == ports);
    }
  }
  CHECK(must(registry->verify(false)).empty());
  CHECK(fixture.notices.empty());
}

TEST_CASE("an instance sees what another one has allocated and released since its last answer") {
  RegistryFixture fixture(GENERATE(from_range(registry_backends())));
  const auto one = fixture.open();
  const auto other = fixture.open();
  using Ports = std::vector<Port>;
  CHECK(get(*one, "A", 1) == Ports{5001, 8001});
  CHECK(get(*other, "A", 2) == Ports{5003, 8003});
  CHECK(get(*one, "A", 3) == Ports{5005, 8005});
  must(other->release_app("A", 1));
  CHECK(get(*one, "B", 1) == Ports{5001, 8001});
  must(one->release_app("A", 2));
  CHECK(get(*one, "B", 2) == Ports{5003, 8003});
  CHECK(must(other->taken()).size() == 6);
}
