#include "registry/grid.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <set>

using devinit::Port;
using devinit::PortSet;
using namespace devinit::registry;

namespace {

/// The order of a grid by its definition, one port after the other.
std::vector<Port> order_of(const Grid& grid) {
  std::vector<Port> own;
  std::vector<Port> between;
  for (unsigned port = grid.start; port <= grid.end; ++port) {
    ((port - grid.start) % grid.step == 0 ? own : between).push_back(static_cast<Port>(port));
  }
  own.insert(own.end(), between.begin(), between.end());
  return own;
}

std::optional<Port> naive(const Grid& grid, const PortSet& taken, const PortSet& never, const PortSet& strangers) {
  for (const Port port : order_of(grid)) {
    if (!taken.contains(port) && !never.contains(port) && !strangers.contains(port)) return port;
  }
  return std::nullopt;
}

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  unsigned below(unsigned limit) { return std::uniform_int_distribution<unsigned>(0, limit - 1)(engine_); }
  Grid grid() {
    const unsigned start = 1024 + below(64000);
    return {.role = "r", .start = static_cast<Port>(start), .step = static_cast<Port>(1 + below(5)),
            .end = static_cast<Port>(std::min(65535U, start + below(90)))};
  }
  PortSet some_of(const Grid& grid, unsigned percent) {
    PortSet set;
    for (unsigned port = grid.start; port <= grid.end; ++port) {
      if (below(100) < percent) set.insert(static_cast<Port>(port));
    }
    return set;
  }

 private:
  std::mt19937 engine_;
};

PortPolicy policy_of(const PortSet& never, const PortSet& strangers) {
  PortPolicy policy;
  policy.never = never;
  policy.is_free = [&strangers](Port port) { return !strangers.contains(port); };
  return policy;
}

const Grid kSmall{.role = "r", .start = 9000, .step = 2, .end = 9005};

}  // namespace

TEST_CASE("the default grids are backend from 5001 and frontend from 8001, step 2, up to the last port") {
  const auto& grids = default_grids();
  REQUIRE(grids.size() == 2);
  CHECK(grids[0].role == "backend");
  CHECK(grids[0].start == 5001);
  CHECK(grids[1].role == "frontend");
  CHECK(grids[1].start == 8001);
  for (const Grid& grid : grids) {
    CHECK(grid.step == 2);
    CHECK(grid.end == 65535);
  }
}

TEST_CASE("ports that browsers block are sorted, above 1023, and each there once") {
  const auto& ports = ports_blocked_by_browsers();
  CHECK(std::is_sorted(ports.begin(), ports.end()));
  CHECK(std::set<Port>(ports.begin(), ports.end()).size() == ports.size());
  CHECK(ports.front() > 1023);
  for (const int port : {6000, 6666, 10080}) CHECK(std::count(ports.begin(), ports.end(), port) == 1);
}

TEST_CASE("a grid gives its own numbers first, ephemeral ones as well, and then those between") {
  PortSet taken;
  std::vector<Port> given;
  while (const auto port = lowest_free(kSmall, taken, {})) {
    given.push_back(*port);
    taken.insert(*port);
  }
  CHECK(given == std::vector<Port>{9000, 9002, 9004, 9001, 9003, 9005});

  const Grid high{.role = "r", .start = 32766, .step = 2, .end = 32769};
  PortSet first;
  first.insert(Port{32766});
  CHECK(lowest_free(high, first, {}) == Port{32768});
}

TEST_CASE("a grid of one port has one port, and one whose end is below its start has none") {
  const Grid one{.role = "r", .start = 65535, .step = 7};
  CHECK(lowest_free(one, {}, {}) == Port{65535});
  CHECK(size_of(one) == 1);
  const Grid none{.role = "r", .start = 9000, .step = 1, .end = 8999};
  CHECK_FALSE(lowest_free(none, {}, {}).has_value());
  CHECK(size_of(none) == 0);
}

TEST_CASE("index and port are each other's inverse in every grid") {
  Dice dice(1);
  for (int round = 0; round < 300; ++round) {
    const Grid grid = dice.grid();
    const auto order = order_of(grid);
    REQUIRE(size_of(grid) == order.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
      REQUIRE(port_at(grid, i) == order[i]);
      REQUIRE(index_of(grid, order[i]) == i);
    }
    CHECK_FALSE(index_of(grid, static_cast<Port>(grid.start - 1)).has_value());
    if (grid.end < 65535) CHECK_FALSE(index_of(grid, static_cast<Port>(grid.end + 1)).has_value());
  }
}

TEST_CASE("the lowest free port of random sets is that of the naive search") {
  Dice dice(2);
  for (int round = 0; round < 500; ++round) {
    const Grid grid = dice.grid();
    const PortSet taken = dice.some_of(grid, 10 + dice.below(90));
    const PortSet never = dice.some_of(grid, dice.below(40));
    const PortSet strangers = dice.some_of(grid, dice.below(40));
    REQUIRE(lowest_free(grid, taken, policy_of(never, strangers)) == naive(grid, taken, never, strangers));
  }
}

TEST_CASE("a search that remembers gives what a new one would, whatever is taken, released, or held by strangers meanwhile") {
  Dice dice(3);
  for (int round = 0; round < 100; ++round) {
    const Grid grid = dice.grid();
    const PortSet never = dice.some_of(grid, dice.below(30));
    PortSet taken;
    GridSearch search(grid);
    for (int step = 0; step < 200; ++step) {
      const PortSet strangers = dice.some_of(grid, dice.below(30));
      PortSet busy;
      const auto port = search.next(taken, policy_of(never, strangers), busy);
      REQUIRE(port == naive(grid, taken, never, strangers));
      if (port && dice.below(4) != 0) taken.insert(*port);
      if (dice.below(3) == 0) {
        const Port released = port_at(grid, dice.below(static_cast<unsigned>(size_of(grid))));
        taken.erase(released);
        search.released(released);
      }
    }
  }
}

TEST_CASE("a port that the probe refused is not asked again while it counts as busy") {
  int asked = 0;
  PortPolicy policy;
  policy.is_free = [&](Port port) {
    ++asked;
    return port != 9000;
  };
  GridSearch search(kSmall);
  PortSet busy;
  CHECK(search.next({}, policy, busy) == Port{9002});
  CHECK(search.next({}, policy, busy) == Port{9002});
  CHECK(asked == 3);
  PortSet nothing;
  policy.is_free = {};
  CHECK(search.next({}, policy, nothing) == Port{9000});
}

TEST_CASE("what is never given and what is taken is not asked of the probe") {
  std::vector<Port> asked;
  PortPolicy policy;
  policy.never.insert(Port{9000});
  policy.is_free = [&](Port port) {
    asked.push_back(port);
    return true;
  };
  PortSet taken;
  taken.insert(Port{9002});
  CHECK(lowest_free(kSmall, taken, policy) == Port{9004});
  CHECK(asked == std::vector<Port>{9004});
}

TEST_CASE("the use of a grid counts numbers between, and a port that is both taken and never given once") {
  PortPolicy policy;
  policy.never.insert(devinit::PortRange{9001, 9002});
  PortSet taken;
  taken.insert(devinit::PortRange{9002, 9003});
  taken.insert(Port{9006});
  const GridUse use = use_of(kSmall, taken, policy);
  CHECK(use.size == 6);
  CHECK(use.taken == 2);
  CHECK(use.never == 1);
}
