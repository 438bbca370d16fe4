// Requests without pause, each on a connection of its own, until SIGTERM; then what became of them, as JSON.
//
// usage: bench_load PORT THREADS

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <thread>
#include <vector>

#include "trivial_service.hpp"

namespace {

constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

struct Outcomes {
  long answered = 0;
  long refused = 0;
  long reset = 0;   ///< or ended before the answer
  long wrong = 0;   ///< answered, but not with 200
  long long slowest_ns = 0;
};

void note_failure(Outcomes& outcomes) { ++(errno == ECONNREFUSED ? outcomes.refused : outcomes.reset); }

/// Reads to the end; the first bytes say how it went.
void take_answer(int fd, Outcomes& outcomes) {
  char answer[4096];
  const auto first = ::recv(fd, answer, sizeof answer, 0);
  if (first <= 0) {
    ++outcomes.reset;
    return;
  }
  const bool well = first >= 12 && std::string_view(answer, 12) == "HTTP/1.1 200";
  auto more = first;
  while (more > 0) more = ::recv(fd, answer, sizeof answer, 0);
  ++(more < 0 ? outcomes.reset : well ? outcomes.answered : outcomes.wrong);
}

void request(int port, Outcomes& outcomes) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const long long begin = bench::now_ns();
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(fd, bench::as_sockaddr(address), sizeof address) != 0 ||
      ::send(fd, kRequest.data(), kRequest.size(), MSG_NOSIGNAL) < 0) {
    note_failure(outcomes);
  } else {
    take_answer(fd, outcomes);
  }
  ::close(fd);
  outcomes.slowest_ns = std::max(outcomes.slowest_ns, bench::now_ns() - begin);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const int port = std::atoi(argv[1]);
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigprocmask(SIG_BLOCK, &ends, nullptr);
  std::vector<Outcomes> outcomes(static_cast<std::size_t>(std::atoi(argv[2])));
  std::atomic<bool> over = false;
  std::vector<std::thread> threads;
  for (auto& mine : outcomes) {
    threads.emplace_back([port, &mine, &over] {
      while (!over) request(port, mine);
    });
  }
  ::sigwaitinfo(&ends, nullptr);
  over = true;
  for (auto& thread : threads) thread.join();
  Outcomes sum;
  for (const auto& one : outcomes) {
    sum.answered += one.answered;
    sum.refused += one.refused;
    sum.reset += one.reset;
    sum.wrong += one.wrong;
    sum.slowest_ns = std::max(sum.slowest_ns, one.slowest_ns);
  }
  std::printf("{\"answered\":%ld,\"refused\":%ld,\"reset\":%ld,\"wrong\":%ld,\"slowest_ns\":%lld}\n", sum.answered, sum.refused, sum.reset,
              sum.wrong, sum.slowest_ns);
}
