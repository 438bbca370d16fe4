// Search of 100 ports whose first 99 are taken: claim_first_free (token, closed fence, verdicts) beside a bare bind loop in the
// same program. Prints both medians in microseconds and their ratio.
//
// usage: port_search [RUNS]

#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <vector>

#include "os/port_socket.hpp"
#include "ports/claim.hpp"

namespace {

using devinit::Port;
using devinit::os::UniqueFd;

constexpr int kTaken = 99;
constexpr int kTries = 100;

/// The floor: what every port finder does at least. It excludes nobody and forgets the port at once.
std::optional<Port> bare_bind_loop(Port first) {
  for (int i = 0; i < kTries; ++i) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<Port>(first + i));
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool bound = ::bind(fd, static_cast<const sockaddr*>(static_cast<const void*>(&address)), sizeof address) == 0;
    ::close(fd);
    if (bound) return static_cast<Port>(first + i);
  }
  return std::nullopt;
}

std::optional<Port> claim_search(Port first) {
  const auto found = devinit::ports::claim_first_free(first, 65535, kTries, {});
  return found.claim ? std::optional(found.claim->port()) : std::nullopt;
}

/// Listeners on `kTaken` neighbouring ports with a free one after them.
struct Occupied {
  Port first = 0;
  std::vector<UniqueFd> listeners;
};
std::optional<Occupied> occupy() {
  for (int first = 20000; first + kTries < 65535; first += kTries) {
    Occupied occupied{static_cast<Port>(first), {}};
    for (int i = 0; i < kTries; ++i) {
      auto socket = devinit::os::open_port_socket();
      if (!socket || devinit::os::bind_port(*socket, static_cast<Port>(first + i)) != 0) break;
      if (i == kTaken) return occupied;
      if (!devinit::os::start_listening(*socket)) break;
      occupied.listeners.push_back(std::move(*socket));
    }
  }
  return std::nullopt;
}

template <class Search>
std::optional<double> timed(const Search& search, Port first) {
  const auto begin = std::chrono::steady_clock::now();
  const auto found = search(first);
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
  if (found != static_cast<Port>(first + kTaken)) return std::nullopt;
  return took.count();
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

int main(int argc, char** argv) {
  const int runs = argc > 1 ? std::max(1, std::atoi(argv[1])) : 201;
  // A network of our own where that is allowed: no neighbour's ports in the way.
  static_cast<void>(::unshare(CLONE_NEWNET));
  const auto occupied = occupy();
  if (!occupied) {
    std::fprintf(stderr, "port_search: no 100 neighbouring ports are free\n");
    return 1;
  }
  std::vector<double> bare;
  std::vector<double> claims;
  for (int run = 0; run <= runs; ++run) {
    const auto floor = timed(bare_bind_loop, occupied->first);
    const auto claim = timed(claim_search, occupied->first);
    if (!floor || !claim) {
      std::fprintf(stderr, "port_search: a search found the wrong port\n");
      return 1;
    }
    if (run == 0) continue;  // warms caches and runs the fence's self-test
    bare.push_back(*floor);
    claims.push_back(*claim);
  }
  std::printf("bare bind loop    %8.1f us\n", median(bare));
  std::printf("claim_first_free  %8.1f us\n", median(claims));
  std::printf("ratio             %8.2f\n", median(claims) / median(bare));
  return 0;
}
