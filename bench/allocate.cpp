// Allocations in the process of the caller: registry::Registry, one transaction for each pair, FULL. Prints the allocations per second of each
// thousand, then of all: the same shape as allocate_floor.
//
// usage: allocate DATABASE COUNT probe|no-probe [EXISTING]

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "ports/probe.hpp"
#include "registry/registry.hpp"

namespace {

using namespace devinit;

[[noreturn]] void fail(const Error& error) {
  std::fprintf(stderr, "allocate: %s\n", error.message.c_str());
  std::exit(1);
}

void allocate(registry::Registry& registry, const registry::PortPolicy& policy, int first, int count) {
  std::vector<registry::AppRequest> requests;
  for (int app = first; app < first + count; ++app) requests.push_back({"model", app, registry::default_grids(), {}, {}});
  const auto answers = registry.allocate(requests, policy);
  if (!answers) fail(answers.error());
  for (const auto& answer : *answers) {
    if (!answer) fail(answer.error());
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const int count = std::atoi(argv[2]);
  const int existing = argc > 4 ? std::atoi(argv[4]) : 0;
  registry::Location location;
  location.target = location.shown = argv[1];
  registry::Registry::Options options;
  options.host.id = "bench";
  auto registry = registry::Registry::open(location, registry::Access::read_write, std::move(options));
  if (!registry) fail(registry.error());
  registry::PortPolicy policy;
  if (existing > 0) allocate(**registry, policy, 1, existing);
  if (std::string_view(argv[3]) == "probe") policy.is_free = [](Port port) { return ports::probe_bind(port) == ports::Verdict::free; };

  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  auto mark = begin;
  for (int done = 0; done < count;) {
    allocate(**registry, policy, existing + done + 1, 1);
    if (++done % 1000 == 0) {
      const auto now = Clock::now();
      std::printf("%d %.0f\n", done, 1000 / std::chrono::duration<double>(now - mark).count());
      mark = now;
    }
  }
  std::printf("all %.0f\n", count / std::chrono::duration<double>(Clock::now() - begin).count());
  return 0;
}
